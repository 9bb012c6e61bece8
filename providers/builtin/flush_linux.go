package builtin

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// flush makes everything durable that was written to some file systems since it was made: the kernel reports failed
// writes to descriptors that were open when they failed.
type flush []*os.File

// newFlush returns a flush of the file systems that the directories lie on. One that is missing is left out.
func newFlush(dirs ...string) (flush, error) {
	var f flush
	for _, dir := range dirs {
		d, err := os.Open(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			f.close()
			return nil, err
		}
		f = append(f, d)
	}
	return f, nil
}

// flush costs next to nothing for a file system that an earlier one of its directories has flushed.
func (f flush) flush() error {
	var errs []error
	for _, d := range f {
		errs = append(errs, unix.Syncfs(int(d.Fd())))
	}
	return errors.Join(errs...)
}

func (f flush) close() {
	for _, d := range f {
		_ = d.Close() // nothing was written through it
	}
}
