package journal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nsynapse/recipe/executor/disk"
)

// Open opens the journal in a directory, which is made with mode 0700 if it is missing, and returns what it holds. The
// parts of Recovered are the caller's own. The error wraps ErrLocked or ErrDamaged where that is the cause.
func Open(fsys disk.FS, dir string) (*Journal, *Recovered, error) {
	j, r, err := open(fsys, dir)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot open journal %s: %w", dir, err)
	}
	return j, r, nil
}

// Read returns what the journal in a directory holds, without the lock and without any change. Beside a process that
// appends it returns a state that was true at some moment; Cut is then what was being written.
func Read(fsys disk.FS, dir string) (*Recovered, error) {
	// Files that change while they are read can look damaged; damage is still there the next time.
	const attempts = 5
	var f *found
	var err error
	for range attempts {
		if f, err = look(fsys, dir); err == nil || !errors.Is(err, ErrDamaged) {
			break
		}
	}
	if err == nil && f.empty {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read journal %s: %w", dir, err)
	}
	return &f.Recovered, nil
}

func open(fsys disk.FS, dir string) (*Journal, *Recovered, error) {
	if err := makeDirectory(fsys, dir); err != nil {
		return nil, nil, err
	}
	held, err := lock(fsys, dir)
	if err != nil {
		return nil, nil, err
	}
	j := &Journal{fsys: fsys, dir: dir, lock: held}
	r, err := j.recover()
	if err != nil {
		return nil, nil, errors.Join(err, j.release())
	}
	return j, r, nil
}

func (j *Journal) recover() (*Recovered, error) {
	if err := j.fsys.SyncDir(j.dir); err != nil {
		return nil, err
	}
	f, err := look(j.fsys, j.dir)
	if err != nil {
		return nil, err
	}
	// What a Compact left behind may fill the disk.
	for _, name := range []string{"snapshot.new", "log.new"} {
		if err := j.fsys.Remove(filepath.Join(j.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if f.fresh {
		return &f.Recovered, j.create(f)
	}
	return &f.Recovered, j.resume(f)
}

// create writes the files of a new journal: first the log, so that one without a snapshot is known to be half made.
func (j *Journal) create(f *found) error {
	h := header{origin: origin{id: randomID(), epoch: 1}}
	if !f.empty {
		h = f.log
	}
	if f.empty {
		if err := disk.WriteFile(j.fsys, j.path("log"), encodeLog(h, h.start(), nil), 0o600); err != nil {
			return err
		}
	}
	if err := disk.WriteFile(j.fsys, j.path("snapshot"), encodeSnapshot(h, nil), 0o600); err != nil {
		return err
	}
	log, err := j.fsys.Open(j.path("log"), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	j.begin(log, h, h.start())
	return nil
}

// resume goes on with a log that was looked at. If its end is in doubt a copy takes its place: a killed process may have
// left the end in the cache only, where an fsync that comes after a failed one does not save it, and writing good
// records again in place could tear them.
func (j *Journal) resume(f *found) error {
	if !f.clean() {
		return j.replaceLog(f.log, f.last, f.records)
	}
	log, err := j.fsys.Open(j.path("log"), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	j.begin(log, f.log, f.last)
	// The newest mark is in the same doubt; the other one is durable.
	j.slot = f.newest()
	if err := j.writeMark(); err != nil {
		return err
	}
	return j.log.Sync()
}

// writeMark writes that all up to the last record is acknowledged, in place of the older mark.
func (j *Journal) writeMark() error {
	if err := j.writeAt(logHeader+int64(j.slot)*markSize, j.last.encode(j.header.origin)); err != nil {
		return err
	}
	j.slot = 1 - j.slot
	return nil
}

func (j *Journal) writeAt(offset int64, b []byte) error {
	if _, err := j.log.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	_, err := j.log.Write(b)
	return err
}

func (j *Journal) path(name string) string { return filepath.Join(j.dir, name) }

// makeDirectory makes dir and what is missing above it, durably.
func makeDirectory(fsys disk.FS, dir string) error {
	parent := filepath.Dir(dir)
	if _, err := fsys.ReadDir(dir); errors.Is(err, fs.ErrNotExist) {
		if parent != dir {
			if err := makeDirectory(fsys, parent); err != nil {
				return err
			}
		}
		if err := fsys.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return fsys.SyncDir(parent)
}

func randomID() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return order.Uint64(b[:])
}
