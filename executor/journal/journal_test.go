package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/journal"
)

func open(t testing.TB, fsys disk.FS, dir string) (*journal.Journal, *journal.Recovered) {
	t.Helper()
	j, r, err := journal.Open(fsys, dir)
	if err != nil {
		t.Fatal(err)
	}
	return j, r
}

func closed(t testing.TB, j *journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRealFiles(t *testing.T) {
	where := filepath.Join(t.TempDir(), "a", "b")
	j, r := open(t, disk.OS{}, where)
	if r.Snapshot != nil || r.Records != nil {
		t.Fatalf("a new journal holds %+v", r)
	}
	if err := errors.Join(j.Compact([]byte("before")), j.Append([]byte("one"), nil), j.Append([]byte("two"))); err != nil {
		t.Fatal(err)
	}
	_, _, err := journal.Open(disk.OS{}, where)
	if !errors.Is(err, journal.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Fatalf("a second Open returned %v", err)
	}
	closed(t, j)
	if err := j.Append([]byte("late")); !errors.Is(err, fs.ErrClosed) {
		t.Fatalf("Append after Close returned %v", err)
	}
	j, r = open(t, disk.OS{}, where)
	defer closed(t, j)
	if string(r.Snapshot) != "before" || string(bytes.Join(r.Records, []byte(","))) != "one,,two" || r.Cut != 0 {
		t.Fatalf("recovered %q %q, cut %d", r.Snapshot, r.Records, r.Cut)
	}
}

func TestEmptySnapshot(t *testing.T) {
	d := disktest.New(0)
	j, _ := open(t, d, dir)
	if err := errors.Join(j.Append([]byte("x")), j.Compact(nil)); err != nil {
		t.Fatal(err)
	}
	closed(t, j)
	j, r := open(t, d, dir)
	defer closed(t, j)
	if r.Snapshot == nil || len(r.Snapshot) > 0 || len(r.Records) > 0 {
		t.Fatalf("recovered %+v", r)
	}
}

func TestLimits(t *testing.T) {
	j, _ := open(t, disktest.New(0), dir)
	defer closed(t, j)
	if err := j.Append(make([]byte, journal.MaxPayload+1)); !errors.Is(err, journal.ErrTooLarge) {
		t.Fatalf("a large payload: %v", err)
	}
	if err := j.Append([]byte("small")); err != nil {
		t.Fatal(err)
	}
}

// Appends that come together share fsyncs, and all of them are there afterwards.
func TestConcurrentAppends(t *testing.T) {
	d := disktest.New(0)
	j, _ := open(t, d, dir)
	const writers, each = 16, 20
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				if err := j.Append(fmt.Appendf(nil, "%d.%d", w, i), []byte("b")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	d.Crash(3)
	_, r := open(t, d, dir)
	if len(r.Records) != 2*writers*each {
		t.Fatalf("recovered %d payloads", len(r.Records))
	}
	next := map[string]int{}
	for i := 0; i < len(r.Records); i += 2 {
		var n int
		w, rest, _ := strings.Cut(string(r.Records[i]), ".")
		if _, err := fmt.Sscan(rest, &n); err != nil || n != next[w] || string(r.Records[i+1]) != "b" {
			t.Fatalf("payload %d of writer %s is %q", next[w], w, r.Records[i])
		}
		next[w]++
	}
}

func BenchmarkAppend(b *testing.B) {
	j, _ := open(b, disk.OS{}, b.TempDir())
	defer closed(b, j)
	payload := make([]byte, 1024)
	for b.Loop() {
		if err := j.Append(payload); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend64(b *testing.B) {
	j, _ := open(b, disk.OS{}, b.TempDir())
	defer closed(b, j)
	payload := make([]byte, 1024)
	var group sync.WaitGroup
	for w := range 64 {
		group.Go(func() {
			for i := w; i < b.N; i += 64 {
				if err := j.Append(payload); err != nil {
					b.Error(err)
				}
			}
		})
	}
	group.Wait()
}
