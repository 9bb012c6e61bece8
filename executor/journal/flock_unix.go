//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package journal

import (
	"errors"
	"syscall"
)

// flock takes the lock of an open file; false means that another open file has it.
func flock(fd uintptr) (bool, error) {
	for {
		switch err := syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB); {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, err
		}
	}
}
