//go:build !linux

package shimmain

import "os"

// Main says that there is no shim on this system, and returns 1.
func Main([]string) int {
	_, _ = os.Stderr.WriteString("the shim works on Linux only\n")
	return 1
}
