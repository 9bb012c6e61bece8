package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/nsynapse/recipe/executor/disk"
)

// locker is a file that brings its own lock, as that of a simulated disk does.
type locker interface {
	TryLock() (bool, error)
}

// descriptor is a file of the operating system.
type descriptor interface {
	Fd() uintptr
}

// lock takes the lock file of a journal; closing it releases the lock. The file is never removed: somebody could hold
// the lock of a file that has no name any more.
func lock(fsys disk.FS, dir string) (disk.File, error) {
	f, err := fsys.Open(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := take(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func take(f disk.File) error {
	got, err := tryLock(f)
	switch {
	case err != nil:
		return err
	case !got:
		return fmt.Errorf("%w by %s", ErrLocked, holder(f))
	}
	// The pid is a help for people; nobody relies on it, so it is not synced.
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	return err
}

func tryLock(f disk.File) (bool, error) {
	switch f := f.(type) {
	case locker:
		return f.TryLock()
	case descriptor:
		return flock(f.Fd())
	}
	return false, errors.New("this file system has no locks")
}

// holder names who wrote the lock file.
func holder(f disk.File) string {
	text, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return "another process"
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		return "another process"
	}
	return fmt.Sprintf("process %d", pid)
}
