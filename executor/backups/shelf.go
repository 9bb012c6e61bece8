package backups

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/disk"
)

// Backup is one backup.
type Backup struct {
	ID   string // unique on its shelf
	File string // absolute
	Size int64  // bytes of the file
	Time time.Time
	// Encrypted is false for one of a version of recipe that did not do that.
	Encrypted bool
}

const (
	idTime       = "20060102T150405Z" // of an ID, UTC; followed by "-2" and so on where there is another
	plainEnding  = ".tar.gz"
	sealedEnding = plainEnding + ".age"
)

// Shelf is the backups of one instance. Its methods are safe for concurrent use.
type Shelf struct {
	Dir  string // made by Put
	Keys Keys
}

// Put keeps what write writes, the compressed archive, under a new ID. After an error nothing is kept.
func (s Shelf) Put(now time.Time, write func(io.Writer) error) (Backup, error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return Backup{}, fmt.Errorf("cannot make the directory of backups: %w", err)
	}
	f, err := os.CreateTemp(s.Dir, ".new-") // 0600
	if err != nil {
		return Backup{}, fmt.Errorf("cannot write a backup: %w", err)
	}
	defer os.Remove(f.Name()) // it has another name when all went well
	if err := errors.Join(s.fill(f, write), f.Close()); err != nil {
		return Backup{}, err
	}
	return s.name(f.Name(), now)
}

func (s Shelf) fill(f *os.File, write func(io.Writer) error) error {
	sealed, err := s.Keys.seal(f)
	if err != nil {
		return err
	}
	if err := write(sealed); err != nil {
		return err
	}
	if err := errors.Join(sealed.Close(), f.Sync()); err != nil {
		return fmt.Errorf("cannot write a backup: %w", err)
	}
	return nil
}

// name gives a file its place, never that of another one. It is after all others, whatever the clock says: as an older one it
// could be removed as soon as it is there.
func (s Shelf) name(written string, now time.Time) (Backup, error) {
	list, err := s.List()
	if err != nil {
		return Backup{}, err
	}
	at, n := now.UTC().Format(idTime), 1
	if len(list) > 0 {
		if last, number, _ := strings.Cut(list[len(list)-1].ID, "-"); last >= at {
			before, _ := strconv.Atoi(number) // the first has none
			at, n = last, max(before, 1)+1
		}
	}
	for ; ; n++ {
		id := at
		if n > 1 {
			id += "-" + strconv.Itoa(n)
		}
		file := filepath.Join(s.Dir, id+sealedEnding)
		err := os.Link(written, file)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = disk.OS{}.SyncDir(s.Dir)
		}
		if err != nil {
			return Backup{}, fmt.Errorf("cannot keep the backup: %w", err)
		}
		return backupAt(file)
	}
}

func backupAt(file string) (Backup, error) {
	info, err := os.Stat(file)
	if err != nil {
		return Backup{}, err
	}
	name, encrypted := strings.CutSuffix(filepath.Base(file), sealedEnding)
	return Backup{ID: strings.TrimSuffix(name, plainEnding), File: file, Size: info.Size(), Time: info.ModTime(), Encrypted: encrypted}, nil
}

// List returns the backups, oldest first.
func (s Shelf) List() ([]Backup, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list backups: %w", err)
	}
	var list []Backup
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || !strings.HasSuffix(e.Name(), plainEnding) && !strings.HasSuffix(e.Name(), sealedEnding) {
			continue
		}
		b, err := backupAt(filepath.Join(s.Dir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // just removed
		}
		if err != nil {
			return nil, fmt.Errorf("cannot list backups: %w", err)
		}
		list = append(list, b)
	}
	slices.SortFunc(list, func(x, y Backup) int { return compareIDs(x.ID, y.ID) })
	return list, nil
}

// compareIDs orders IDs by their time, and within a second by their number: -10 comes after -9.
func compareIDs(x, y string) int {
	xTime, xNumber, _ := strings.Cut(x, "-")
	yTime, yNumber, _ := strings.Cut(y, "-")
	return cmp.Or(strings.Compare(xTime, yTime), cmp.Compare(len(xNumber), len(yNumber)), strings.Compare(xNumber, yNumber))
}

// Remove deletes backups.
func (s Shelf) Remove(list []Backup) error {
	for _, b := range list {
		if err := os.Remove(b.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove the backup %s: %w", b.ID, err)
		}
	}
	return nil
}
