package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/journal"
	"github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/planner/state"
)

// TestT5BookFlips flips every byte of two books, one with a run under way and one with a snapshot: each has to be refused as
// damaged, or to say just what it said before. It also cuts the files short.
func TestT5BookFlips(t *testing.T) {
	random := torture.Random(t)
	tried, refused := 0, 0
	for name, files := range map[string]map[string][]byte{"run": underWay(t), "snapshot": folded(t)} {
		want, err := said(files)
		if err != nil {
			t.Fatal(err)
		}
		try := func(file string, content []byte) {
			changed := maps.Clone(files)
			changed[file] = content
			got, err := said(changed)
			tried++
			switch {
			case errors.Is(err, journal.ErrDamaged):
				refused++
			case err != nil:
				t.Fatalf("%s: the changed %s was told as %v", name, file, err)
			case got != want:
				t.Fatalf("%s: a change of the %s changed what the book says", name, file)
			}
		}
		for file, content := range files {
			part := torture.PickRaced(20, 300, math.Inf(1)) / float64(len(content)) // each opens the whole book
			for at := range content {
				if random.Float64() >= part {
					continue
				}
				for _, flip := range []byte{1 << (at % 8), 0xff} {
					changed := append([]byte(nil), content...)
					changed[at] ^= flip
					try(file, changed)
				}
				try(file, content[:at])
			}
		}
	}
	torture.Report(t, "T5", "%d flips and truncations of a book with a run and of one with a snapshot: %d refused, the others changed nothing; 0 panics", tried, refused)
}

// underWay is the journal of an apply that was cut off in the middle.
func underWay(t *testing.T) map[string][]byte {
	c := scenarios()[0].prepare(t)
	c.start.disk.Inject(disktest.Fault{At: c.operations / 2, Cut: true})
	if err := c.live(&c.start, 1); !errors.Is(err, disktest.ErrPower) {
		t.Fatal(err)
	}
	c.start.disk.Kill()
	// The next life settles what was being written: until then nobody was told of it, and it may be dropped.
	book, err := apply.OpenBook(c.start.disk, "/stack/journal", "test", "/src")
	if err != nil || running(book) == nil {
		t.Fatalf("there is no run under way: %v", err)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	return filesOf(t, c.start.disk)
}

// folded is a journal with a snapshot and some records after it.
func folded(t *testing.T) map[string][]byte {
	d := disktest.New(1)
	r := newRig(t, d, "/stack/journal")
	r.evaluate(apps("x", "a"))
	p := r.plan()
	p.Changes[0].Reason = strings.Repeat("large ", 200_000) // it brings the log to its limit, and no generation keeps it
	if err := r.book.Begin(p, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.carry(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.evaluate(apps("y", "a"))
	r.apply()
	if err := r.book.Close(); err != nil {
		t.Fatal(err)
	}
	return filesOf(t, d)
}

func filesOf(t *testing.T, d *disktest.Disk) map[string][]byte {
	files := map[string][]byte{}
	for _, name := range []string{"snapshot", "log"} {
		content, err := d.Content(filepath.Join("/stack/journal", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
	}
	return files
}

// said is all that a book with these files says.
func said(files map[string][]byte) (string, error) {
	d := disktest.New(0)
	for name, content := range files {
		if err := d.Damage(filepath.Join("/stack/journal", name), content); err != nil {
			return "", err
		}
	}
	book, err := apply.OpenBook(d, "/stack/journal", "test", "/src")
	if err != nil {
		return "", err
	}
	all, err := wording(book)
	return string(all), errors.Join(err, book.Close())
}

// wording is all that an open book says.
func wording(book *apply.Book) (all []byte, err error) {
	book.View(func(s *state.State, run *apply.Run) { all, err = json.Marshal([]any{s, run}) })
	return all, err
}
