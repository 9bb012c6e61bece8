package backups

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
)

var (
	// ErrDamaged says that a backup is not what was written: it was changed, or cut off.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrNoKey says that a backup was encrypted for somebody else.
	ErrNoKey = errors.New("no key fits: the backup was encrypted for others")
)

// Opened is a backup that was read once, to its end: all of its sums are right.
type Opened struct {
	file       *os.File
	keys       Keys
	identities string
}

// Open opens the file of a backup, one of a shelf or any other, and reads all of it. identities is a file of keys as
// age-keygen writes it, which are tried too; "" for none. It fails with ErrDamaged and ErrNoKey.
func (k Keys) Open(file, identities string) (*Opened, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the backup: %w", err)
	}
	o := &Opened{f, k, identities}
	if err := o.check(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return o, nil
}

// Close closes the file.
func (o *Opened) Close() error { return o.file.Close() }

// Archive is the compressed archive, from its beginning.
func (o *Opened) Archive() (io.Reader, error) {
	if _, err := o.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("cannot read the backup: %w", err)
	}
	return o.keys.clear(o.file, o.identities)
}

// check reads to the end of the archive and of the encryption.
func (o *Opened) check() error {
	clear, err := o.Archive()
	if err != nil {
		return err
	}
	unzipped, err := gzip.NewReader(clear)
	if err == nil {
		_, err = io.Copy(io.Discard, unzipped)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, clear)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}
