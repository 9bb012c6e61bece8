package disktest

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/nsynapse/recipe/executor/disk"
)

// file is an open file. The disk's lock guards it.
type file struct {
	disk   *Disk
	boot   int // of the disk, when the file was opened
	node   *node
	name   string
	flag   int
	offset int64
	closed bool
}

var _ disk.File = (*file)(nil)

// begin takes the lock and counts an operation; the lock is to be released even after an error.
func (f *file) begin(op string) error {
	f.disk.mu.Lock()
	if err := f.alive(); err != nil {
		return err
	}
	return f.disk.operation(op)
}

func (f *file) end() { f.disk.mu.Unlock() }

func (f *file) alive() error {
	if f.closed || f.boot != f.disk.boot {
		return fs.ErrClosed
	}
	return nil
}

func (f *file) fail(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

func (f *file) Read(p []byte) (int, error) {
	n, err := f.readAt(p, -1)
	return n, err
}

// ReadAt reads as io.ReaderAt says; it does not move the file's own offset.
func (f *file) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.readAt(p, max(at, 0))
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// readAt reads at an offset; a negative one stands for the file's own, which then moves.
func (f *file) readAt(p []byte, at int64) (int, error) {
	err := f.begin("read")
	defer f.end()
	switch {
	case err != nil:
		return 0, f.fail("read", err)
	case f.flag&os.O_WRONLY != 0:
		return 0, f.fail("read", syscall.EBADF)
	}
	own := at < 0
	if own {
		at = f.offset
	}
	if len(p) == 0 {
		return 0, nil
	}
	if at >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[at:])
	if own {
		f.offset += int64(n)
	}
	return n, nil
}

func (f *file) Write(p []byte) (int, error) {
	err := f.begin("write")
	defer f.end()
	if err == ErrPower || err == fs.ErrClosed {
		return 0, f.fail("write", err)
	}
	if f.flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		return 0, f.fail("write", syscall.EBADF)
	}
	if err != nil {
		p = p[:len(p)/2]
	}
	if f.flag&os.O_APPEND != 0 {
		f.offset = int64(len(f.node.data))
	}
	f.node.write(f.offset, p)
	f.offset += int64(len(p))
	if err != nil {
		return len(p), f.fail("write", err)
	}
	return len(p), nil
}

func (f *file) Truncate(size int64) error {
	err := f.begin("truncate")
	defer f.end()
	switch {
	case err != nil:
		return f.fail("truncate", err)
	case size < 0 || f.flag&(os.O_WRONLY|os.O_RDWR) == 0:
		return f.fail("truncate", syscall.EINVAL)
	}
	f.node.resize(size)
	return nil
}

func (f *file) Sync() error {
	err := f.begin("sync")
	defer f.end()
	switch err {
	case nil:
		f.node.sync()
		return nil
	case ErrPower, fs.ErrClosed:
	default:
		f.node.settle(f.disk.random)
	}
	return f.fail("sync", err)
}

func (f *file) Seek(offset int64, whence int) (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.alive(); err != nil {
		return 0, f.fail("seek", err)
	}
	switch whence {
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += int64(len(f.node.data))
	}
	if offset < 0 {
		return 0, f.fail("seek", syscall.EINVAL)
	}
	f.offset = offset
	return offset, nil
}

func (f *file) Stat() (fs.FileInfo, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.alive(); err != nil {
		return nil, f.fail("stat", err)
	}
	return f.node.info(filepath.Base(f.name)), nil
}

func (f *file) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.alive(); err != nil {
		return f.fail("close", err)
	}
	f.closed = true
	if f.node.locked == f {
		f.node.locked = nil
	}
	return nil
}

// TryLock takes the lock of the file, as flock with LOCK_EX and LOCK_NB does; false means that another open file
// holds it. Close, Kill and Crash release it.
func (f *file) TryLock() (bool, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.alive(); err != nil {
		return false, f.fail("lock", err)
	}
	if f.node.locked != nil && f.node.locked != f {
		return false, nil
	}
	f.node.locked = f
	return true, nil
}
