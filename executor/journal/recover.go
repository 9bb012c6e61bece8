package journal

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/nsynapse/recipe/executor/disk"
)

// Recovered is what a journal holds when it is opened.
type Recovered struct {
	// Snapshot is what was last given to Compact; nil when that never happened.
	Snapshot []byte
	// Records are the payloads appended since, in order.
	Records [][]byte
	// Cut is the number of bytes of a torn write that were dropped from the end of the log. None was acknowledged.
	Cut int64
}

// found is what the files of a journal say.
type found struct {
	Recovered
	snapshot header
	log      header
	marks    [2]mark // the zero mark for a bad one
	last     mark    // the last good record and its end
	size     int64   // of the log, with what is to be cut
	records  []byte  // of the log, without what is to be cut
	fresh    bool    // no snapshot yet: the journal is new or half made
	empty    bool    // not even a log
}

// newest is the index of the mark that says most.
func (f *found) newest() int {
	if f.marks[1].end > f.marks[0].end {
		return 1
	}
	return 0
}

// clean says that all of the log is known to be durable: the marks are whole and nothing follows them.
func (f *found) clean() bool {
	return f.Cut == 0 && f.marks[f.newest()] == f.last && f.marks[0].end > 0 && f.marks[1].end > 0
}

// look reads and checks the files and changes nothing.
func look(fsys disk.FS, dir string) (*found, error) {
	snapshot, err := readOptional(fsys, filepath.Join(dir, "snapshot"))
	if err != nil {
		return nil, err
	}
	log, err := readOptional(fsys, filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	f := &found{fresh: snapshot == nil, empty: snapshot == nil && log == nil, size: int64(len(log))}
	if f.empty {
		return f, nil
	}
	if snapshot != nil {
		if err := f.readSnapshot(filepath.Join(dir, "snapshot"), snapshot); err != nil {
			return nil, err
		}
	}
	return f, f.readLog(filepath.Join(dir, "log"), log)
}

func (f *found) readSnapshot(file string, b []byte) (err error) {
	var content []byte
	if f.snapshot, content, err = decodeSnapshot(file, b); err != nil {
		return err
	}
	if f.snapshot.epoch > 1 {
		f.Snapshot = content
	}
	return nil
}

func (f *found) readLog(file string, b []byte) error {
	switch {
	case b == nil:
		return damaged(file, 0, "it is missing beside its snapshot")
	case len(b) < logStart:
		return damaged(file, int64(len(b)), "it ends within its header")
	}
	var err error
	if f.log, err = checkHeader(file, b[:logHeader], logMagic); err != nil {
		return err
	}
	if err := f.match(file); err != nil {
		return err
	}
	if err := f.readMarks(file, b); err != nil {
		return err
	}
	return f.readRecords(file, b)
}

// match checks that log and snapshot belong together.
func (f *found) match(file string) error {
	if f.fresh {
		f.snapshot = header{origin: origin{f.log.id, 1}}
	}
	switch s, l := f.snapshot, f.log; {
	case l.id != s.id:
		return damaged(file, 16, "it belongs to another journal than its snapshot")
	case f.fresh && l.epoch != 1:
		return damaged(file, 24, "its snapshot is missing")
	case l.epoch == s.epoch && l.sequence == s.sequence:
	case l.epoch+1 == s.epoch && l.sequence <= s.sequence:
	default:
		return damaged(file, 24, "it is older or newer than its snapshot")
	}
	return nil
}

func (f *found) readMarks(file string, b []byte) error {
	for i := range f.marks {
		m := b[logHeader+i*markSize:][:markSize]
		if f.log.sealed(m, checksumInMark) {
			f.marks[i] = mark{order.Uint64(m), int64(order.Uint64(m[8:]))}
		}
	}
	if f.marks[f.newest()].end < logStart {
		return damaged(file, logHeader, "both marks have a wrong checksum")
	}
	return nil
}

func (f *found) readRecords(file string, b []byte) error {
	f.last = f.log.start()
	for f.last.end < f.size {
		r, ok := recordAt(f.log.origin, b, f.last.end)
		if !ok || r.sequence != f.last.sequence+1 {
			break
		}
		f.last = mark{r.sequence, r.end}
		if r.sequence > f.snapshot.sequence {
			f.Records = append(f.Records, r.entries...)
		}
	}
	f.Cut = f.size - f.last.end
	if err := f.checkEnd(file, b); err != nil {
		return err
	}
	f.records = b[logStart:f.last.end]
	return nil
}

// checkEnd tells a torn write from damage.
func (f *found) checkEnd(file string, b []byte) error {
	switch newest := f.marks[f.newest()]; {
	case f.last.end < newest.end:
		return damaged(file, f.last.end, "a record that was acknowledged is missing or has a wrong checksum")
	case f.last.end == newest.end && f.last.sequence != newest.sequence:
		return damaged(file, logHeader, "the mark does not fit the records")
	case f.last.sequence < f.snapshot.sequence:
		return damaged(file, f.last.end, "it ends before what its snapshot covers")
	case f.fresh && f.size > logStart:
		return damaged(file, logStart, "it has records, but its snapshot is missing")
	}
	if _, ok := recordAfter(f.log.origin, b, f.last.end, f.last.sequence); ok {
		return damaged(file, f.last.end, "a record has a wrong checksum and valid ones follow it")
	}
	return nil
}

// readOptional returns nil for a file that is missing, and never for one that is there.
func readOptional(fsys disk.FS, path string) ([]byte, error) {
	b, err := disk.ReadFile(fsys, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err == nil && b == nil:
		return []byte{}, nil
	}
	return b, err
}
