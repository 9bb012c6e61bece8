package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"github.com/nsynapse/recipe/executor/disk"
)

const (
	// MaxPayload is the most bytes a payload can have.
	MaxPayload = 64 << 20
	// MaxAppend is the most bytes the payloads of one Append can have together.
	MaxAppend = 256 << 20

	// batchLimit is when an Append no longer joins those that wait: a record should not grow without need.
	batchLimit = 8 << 20
)

// Journal is an open journal. Its methods are safe for concurrent use.
//
// After the first failed write or fsync of the log the journal has failed for good: what is on disk is then unknown, and a
// second fsync would report success without having saved anything. Only opening it again tells.
type Journal struct {
	fsys disk.FS
	dir  string
	lock disk.File
	size atomic.Int64 // of the log

	mu      sync.Mutex // guards pending
	pending *batch     // takes further Appends until its turn to be written

	io     sync.Mutex // guards all below; held while the files are written
	log    disk.File
	header header
	last   mark
	slot   int   // the mark to be written next
	failed error // for good; also set by Close
}

// batch is the payloads of the Appends that share one fsync.
type batch struct {
	record []byte        // with room for the record's header
	done   chan struct{} // closed when err is set
	err    error
}

// begin goes on at the end of a log.
func (j *Journal) begin(log disk.File, h header, last mark) {
	j.log, j.header, j.last, j.slot = log, h, last, 0
	j.size.Store(last.end)
}

// Append adds the payloads in order and returns when they are durable. After a crash all payloads of one Append are
// there or none; after an error they may be there. Concurrent Appends share an fsync. It keeps nothing of payloads.
func (j *Journal) Append(payloads ...[]byte) error {
	if len(payloads) == 0 {
		return nil
	}
	size, err := check(payloads)
	if err != nil {
		return err
	}
	b, first := j.join(payloads, size)
	if first {
		j.commit(b)
	}
	<-b.done
	return b.err
}

func check(payloads [][]byte) (size int, err error) {
	for _, p := range payloads {
		if len(p) > MaxPayload {
			return 0, fmt.Errorf("a payload of %d bytes is %w: at most %d", len(p), ErrTooLarge, MaxPayload)
		}
		if size += entryHeader + len(p); size > MaxAppend {
			return 0, fmt.Errorf("an Append of more than %d bytes is %w", MaxAppend, ErrTooLarge)
		}
	}
	return size, nil
}

// join adds the payloads to the batch that waits. Who comes first in a batch has to commit it.
func (j *Journal) join(payloads [][]byte, size int) (b *batch, first bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	b = j.pending
	if b == nil || len(b.record)+size > batchLimit {
		b = &batch{record: make([]byte, recordHeader, recordHeader+size), done: make(chan struct{})}
		j.pending, first = b, true
	}
	for _, p := range payloads {
		b.record = appendEntry(b.record, p)
	}
	return b, first
}

// commit waits for its turn, lets nobody join any more and writes.
func (j *Journal) commit(b *batch) {
	j.io.Lock()
	defer j.io.Unlock()
	j.mu.Lock()
	if j.pending == b {
		j.pending = nil
	}
	j.mu.Unlock()
	b.err = j.write(b.record)
	close(b.done)
}

func (j *Journal) write(record []byte) error {
	if j.failed != nil {
		return j.failed
	}
	sealRecord(j.header.origin, record, j.last.sequence+1)
	if err := j.writeAt(j.last.end, record); err != nil {
		return j.fail(err)
	}
	if err := j.log.Sync(); err != nil {
		return j.fail(err)
	}
	j.last = mark{j.last.sequence + 1, j.last.end + int64(len(record))}
	j.size.Store(j.last.end)
	if err := j.writeMark(); err != nil {
		// The record is durable, but without its mark the next one would leave two in doubt.
		_ = j.fail(err)
	}
	return nil
}

func (j *Journal) fail(err error) error {
	j.failed = fmt.Errorf("journal %s has failed and must be opened again: %w", j.dir, err)
	return j.failed
}

// Err is why the journal has failed for good, nil if it has not. A closed one has.
func (j *Journal) Err() error {
	j.io.Lock()
	defer j.io.Unlock()
	return j.failed
}

// Size returns the bytes of the log, its header included; a measure of when to Compact.
func (j *Journal) Size() int64 { return j.size.Load() }

// Compact replaces all records by a snapshot. The snapshot must hold all that was appended before, so the caller runs no
// Append from when it takes the snapshot until Compact returns. After an error old state and records are still there,
// or the snapshot is, and the journal goes on unless it has failed for good.
func (j *Journal) Compact(snapshot []byte) error {
	j.io.Lock()
	defer j.io.Unlock()
	if j.failed != nil {
		return j.failed
	}
	next := header{origin{j.header.id, j.header.epoch + 1}, j.last.sequence}
	// Until the log is replaced the old one goes on, beside the old or the new snapshot.
	if err := disk.WriteFile(j.fsys, j.path("snapshot"), encodeSnapshot(next, snapshot), 0o600); err != nil {
		return fmt.Errorf("cannot compact journal %s: %w", j.dir, err)
	}
	if err := j.replaceLog(next, next.start(), nil); err != nil {
		return fmt.Errorf("cannot compact journal %s: %w", j.dir, err)
	}
	return nil
}

// replaceLog puts a fresh log in the place of the old one. Once the rename was tried nobody knows which of the two a
// crash would leave, so then an error is for good.
func (j *Journal) replaceLog(h header, last mark, records []byte) error {
	log, err := j.newLog(encodeLog(h, last, records))
	if err != nil {
		return err
	}
	err = j.fsys.Rename(j.path("log.new"), j.path("log"))
	if err == nil {
		err = j.fsys.SyncDir(j.dir)
	}
	if err != nil {
		return errors.Join(j.fail(err), log.Close())
	}
	if j.log != nil {
		_ = j.log.Close() // nothing in it counts any more
	}
	j.begin(log, h, last)
	return nil
}

// newLog writes a log to a fresh file and leaves it open.
func (j *Journal) newLog(content []byte) (disk.File, error) {
	if err := j.fsys.Remove(j.path("log.new")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	log, err := j.fsys.Open(j.path("log.new"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err = log.Write(content); err == nil {
		err = log.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return log, nil
}

// Close makes the last mark durable and releases the lock. It waits for Appends that are being written; later ones
// fail with an error that wraps fs.ErrClosed. A second Close does nothing.
func (j *Journal) Close() error {
	j.io.Lock()
	defer j.io.Unlock()
	if j.lock == nil {
		return nil
	}
	var err error
	if j.failed == nil {
		err = j.log.Sync()
	}
	j.failed = errClosed
	return errors.Join(err, j.release())
}

// release closes the files, the lock last.
func (j *Journal) release() error {
	var err error
	if j.log != nil {
		err = j.log.Close()
	}
	err = errors.Join(err, j.lock.Close())
	j.log, j.lock = nil, nil
	return err
}
