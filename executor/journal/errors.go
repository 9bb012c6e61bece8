package journal

import (
	"errors"
	"fmt"
	"io/fs"
)

// ErrLocked says that another process, or another Open of this one, has the journal open. The error around it names
// the holder.
var ErrLocked = errors.New("in use")

// ErrDamaged says that a journal's files are not as they were written. The error around it names the file, the offset and
// what is wrong. Nothing was changed on disk.
var ErrDamaged = errors.New("damaged")

// ErrTooLarge says that an Append was refused because of its size; the journal goes on.
var ErrTooLarge = errors.New("too large for the journal")

var errClosed = fmt.Errorf("the journal is %w", fs.ErrClosed)

func damaged(file string, offset int64, what string) error {
	return fmt.Errorf("%s is %w at offset %d: %s", file, ErrDamaged, offset, what)
}

func versionError(file string, version uint32) error {
	return fmt.Errorf("%s has format version %d: it was written by a newer recipe", file, version)
}
