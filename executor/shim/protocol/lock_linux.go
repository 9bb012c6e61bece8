package protocol

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// The lock is an "open file description" lock: it ends with the last descriptor, and it can be looked at without
// being taken, so that somebody who only looks never makes a starting shim lose.

func wholeFile() *unix.Flock_t { return &unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart} }

// Lock takes the lock of the unit's directory; taken is false if another holds it. The lock is held until the
// returned file is closed.
func Lock(path string) (f *os.File, taken bool, err error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, false, err
	}
	f = os.NewFile(uintptr(fd), path)
	err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, wholeFile())
	if err == nil {
		return f, true, nil
	}
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		err = nil
	}
	return nil, false, errors.Join(err, f.Close())
}

// Locked reports whether a shim holds the lock at path. It takes nothing.
func Locked(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	lock := wholeFile()
	err = unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, lock)
	return lock.Type != unix.F_UNLCK, errors.Join(err, f.Close())
}
