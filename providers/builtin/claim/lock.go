package claim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// ErrHeld says that somebody else holds the lock, in this process or in another one.
var ErrHeld = errors.New("the lock is held")

// Pauses between two looks at a lock that is held; the first one doubles up to the last.
const (
	firstPause = 2 * time.Millisecond
	lastPause  = 250 * time.Millisecond
)

// Lock is a held lock file. The kernel lets go of it when the process ends, however it ends.
type Lock struct {
	file *os.File
}

// Try takes the lock file at path, which it creates when it is missing. It returns ErrHeld when somebody else holds it.
func Try(path string) (*Lock, error) {
	for {
		l, err := open(path)
		if err != nil {
			return nil, err
		}
		current, err := l.isAt(path)
		if err != nil {
			return nil, errors.Join(err, l.file.Close())
		}
		if current {
			return l, nil
		}
		// The holder before us removed the file after we had opened it: what we hold is no longer the lock.
		if err := l.file.Close(); err != nil {
			return nil, err
		}
	}
}

// Acquire is Try, repeated until the lock is free or ctx ends.
func Acquire(ctx context.Context, path string) (*Lock, error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		l, err := Try(path)
		if !errors.Is(err, ErrHeld) {
			return l, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("cannot wait for lock %s: %w", path, ctx.Err())
		case <-timer.C:
		}
	}
}

// Release removes the lock file and lets go of it.
func (l *Lock) Release() error {
	err := removeHeld(l.file.Name())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.file.Close())
}

func open(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open lock %s: %w", path, err)
	}
	if err := tryLock(f); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot take lock %s: %w", path, err), f.Close())
	}
	return &Lock{f}, nil
}

func (l *Lock) isAt(path string) (bool, error) {
	held, err := l.file.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(held, named), err
}
