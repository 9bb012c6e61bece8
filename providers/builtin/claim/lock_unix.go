//go:build unix && !solaris && !aix

package claim

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func tryLock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) {
			return ErrHeld
		}
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func removeHeld(path string) error { return os.Remove(path) }
