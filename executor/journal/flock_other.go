//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package journal

import "errors"

func flock(uintptr) (bool, error) {
	return false, errors.New("a journal works on Linux, macOS and BSD only: this system has no flock")
}
