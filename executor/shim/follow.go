package shim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// followStep is how long a follower sleeps when there is nothing to read.
const followStep = 100 * time.Millisecond

// Follow calls each with every line that the app in dir writes, without its line end, until each returns false or ctx
// ends; neither is an error. It begins with the oldest line kept, or with what is written from now on. It goes on over
// rotations, restarts of the app and deletions of the log; lines are lost only if files are rotated away faster than
// they are read. each is called from the calling goroutine; the line is valid during the call. When ctx ends, what is
// there by then is read first, and a line without end is handed out as it is.
func Follow(ctx context.Context, dir string, fromStart bool, each func(line []byte) bool) error {
	f := &follower{dir: dir, each: each}
	defer f.close()
	if err := f.open(fromStart); err != nil {
		return fmt.Errorf("cannot follow the log in %s: %w", dir, err)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		more, err := f.step()
		if err != nil {
			return fmt.Errorf("cannot follow the log in %s: %w", dir, err)
		}
		if f.enough {
			return nil
		}
		if more {
			if ctx.Err() == nil {
				continue
			}
		}
		timer.Reset(followStep)
		select {
		case <-ctx.Done():
			return f.finish()
		case <-timer.C:
		}
	}
}

// lastSteps bounds what is read at the end: an app may write faster than its lines are taken.
const lastSteps = 1000

// finish hands out what is there.
func (f *follower) finish() error {
	for range lastSteps {
		more, err := f.step()
		if err != nil {
			return fmt.Errorf("cannot read the end of the log in %s: %w", f.dir, err)
		}
		if f.enough {
			return nil
		}
		if !more {
			break
		}
	}
	f.flush()
	return nil
}

type follower struct {
	dir    string
	each   func(line []byte) bool
	file   *os.File // nil while there is no log
	line   []byte   // the beginning of a line
	buffer [32 << 10]byte
	enough bool // each has returned false
}

// open opens the oldest log, or the end of the current one.
func (f *follower) open(fromStart bool) error {
	if fromStart {
		return f.openNumber(f.oldest())
	}
	if err := f.openNumber(0); err != nil || f.file == nil {
		return err
	}
	_, err := f.file.Seek(0, io.SeekEnd)
	return err
}

// oldest is the greatest number that a log has, behind one that is free at most; 0 for none.
func (f *follower) oldest() (number int) {
	for n, free := 1, 0; free < 2; n++ {
		if _, err := os.Stat(logPath(f.dir, n)); err != nil {
			free++
			continue
		}
		number, free = n, 0
	}
	return number
}

// openNumber goes on with the log that is number files old; a missing one leaves the follower without a file.
func (f *follower) openNumber(number int) error {
	file, err := os.Open(logPath(f.dir, number))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f.close()
	if err == nil {
		f.file = file
	}
	return nil
}

// step reads what is there; more is false if that was nothing and no newer file exists.
func (f *follower) step() (more bool, err error) {
	if f.file == nil {
		if err := f.openNumber(f.oldest()); err != nil {
			return false, err
		}
		return f.file != nil, nil
	}
	number, err := f.number() // before reading: a file that is old by now gets no more bytes
	if err != nil {
		return false, err
	}
	n, err := f.file.Read(f.buffer[:])
	if n > 0 {
		f.take(f.buffer[:n])
		return true, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if number == 0 {
		return false, nil
	}
	return f.next(number)
}

// number returns how many files old the open file is by now; -1 if it was removed.
func (f *follower) number() (int, error) {
	own, err := f.file.Stat()
	if err != nil {
		return 0, err
	}
	// Files only ever move up, as this search does. A rotation at work leaves one number free for a moment.
	free := 0
	for number := 0; free < 2; number++ {
		info, err := os.Stat(logPath(f.dir, number))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			free++
		case err != nil:
			return 0, err
		case os.SameFile(own, info):
			return number, nil
		default:
			free = 0
		}
	}
	return -1, nil
}

// next goes on with the file after the open one, which is number files old.
func (f *follower) next(number int) (bool, error) {
	if number < 0 {
		number = f.oldest() + 1
	}
	file, err := f.newer(number)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // the next step looks again
	}
	if err != nil {
		return false, err
	}
	// Another rotation between the look and the opening gives the file after the wanted one, or the same again.
	before, err := f.file.Stat()
	if err != nil {
		return false, errors.Join(err, file.Close())
	}
	opened, err := file.Stat()
	if err != nil {
		return false, errors.Join(err, file.Close())
	}
	again, err := f.number()
	if err != nil || os.SameFile(before, opened) || (again >= 0 && again != number) {
		return true, errors.Join(err, file.Close())
	}
	f.close()
	f.file = file
	return true, nil
}

// newer opens the file after one that is number files old. If its number is free, since a rotation is at work or was cut off, it is
// the one that would get that number next.
func (f *follower) newer(number int) (*os.File, error) {
	file, err := os.Open(logPath(f.dir, number-1))
	if number < 2 || !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if file, err = os.Open(logPath(f.dir, number-2)); err != nil {
		return nil, err
	}
	if _, err := os.Stat(logPath(f.dir, number-1)); err == nil { // it was that one, or the one after it
		return nil, errors.Join(fs.ErrNotExist, file.Close())
	}
	return file, nil
}

func (f *follower) take(b []byte) {
	for len(b) > 0 && !f.enough {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			f.line = append(f.line, b...)
			if len(f.line) >= maxLine {
				f.flush()
			}
			return
		}
		f.line = append(f.line, b[:end]...)
		b = b[end+1:]
		f.emit()
	}
}

// flush hands out a line without end.
func (f *follower) flush() {
	if len(f.line) > 0 && !f.enough {
		f.emit()
	}
}

func (f *follower) emit() {
	f.enough = !f.each(f.line)
	f.line = f.line[:0]
}

func (f *follower) close() {
	if f.file != nil {
		_ = f.file.Close()
		f.file = nil
	}
}
