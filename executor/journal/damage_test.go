package journal_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/executor/journal"
	"github.com/nsynapse/recipe/executor/torture"
)

// small returns the files of a journal with a snapshot and some records, and what they hold.
func small(t testing.TB) (files map[string][]byte, h *history) {
	d, h := disktest.New(0), &history{}
	if err := h.run(d, 7); err != nil {
		t.Fatal(err)
	}
	files = map[string][]byte{}
	for _, name := range []string{"snapshot", "log"} {
		b, err := d.Content(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	return files, h
}

// place puts files on a fresh disk; nil ones are left out.
func place(t testing.TB, files map[string][]byte) *disktest.Disk {
	d := disktest.New(0)
	for name, b := range files {
		if b == nil {
			continue
		}
		if err := d.Damage(filepath.Join(dir, name), b); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// demand opens the journal and demands that it refuses as damaged, or holds everything.
func demand(t *testing.T, d *disktest.Disk, h *history) (refused bool) {
	t.Helper()
	j, r, err := journal.Open(d, dir)
	if err != nil {
		if !errors.Is(err, journal.ErrDamaged) {
			t.Fatal(err)
		}
		return true
	}
	if err := h.check(r); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return false
}

func with(files map[string][]byte, name string, content []byte) map[string][]byte {
	changed := map[string][]byte{"snapshot": files["snapshot"], "log": files["log"]}
	changed[name] = content
	return changed
}

func TestT5JournalFlips(t *testing.T) {
	files, h := small(t)
	tried := 0
	for name, content := range files {
		for at := range content {
			for _, flip := range []byte{1, 1 << (at % 8), 0x80, 0xff} {
				changed := append([]byte(nil), content...)
				changed[at] ^= flip
				tried++
				refused := demand(t, place(t, with(files, name, changed)), h)
				inMark := name == "log" && at >= 512 && at < 1536
				if !refused && !inMark {
					t.Fatalf("%s: flip %#x of byte %d of %d was not detected", name, flip, at, len(content))
				}
			}
		}
	}
	torture.Report(t, "T5", "%d flips of every byte of a journal: 0 silent changes, 0 panics", tried)
}

func TestT5JournalTruncations(t *testing.T) {
	files, h := small(t)
	tried := 0
	for name, content := range files {
		tried += len(content) + 1
		for size := range content {
			if !demand(t, place(t, with(files, name, content[:size])), h) {
				t.Fatalf("%s: truncation from %d to %d bytes was not detected", name, len(content), size)
			}
		}
		if !demand(t, place(t, with(files, name, nil)), h) {
			t.Fatalf("%s: its absence was not detected", name)
		}
	}
	torture.Report(t, "T5", "%d truncations and absences of the files of a journal: all refused", tried)
}

// Without a clean end the last record has its mark in the cache only; kill -9 keeps that.
func TestT5JournalFlipsAfterKill(t *testing.T) {
	d, h := disktest.New(0), &history{}
	j, _, err := journal.Open(d, dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := h.step(j, 0); err != nil {
			t.Fatal(err)
		}
	}
	d.Kill()
	log, err := d.Content(dir + "/log")
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := d.Content(dir + "/snapshot")
	if err != nil {
		t.Fatal(err)
	}
	for at := range log {
		changed := append([]byte(nil), log...)
		changed[at] ^= 4
		demand(t, place(t, map[string][]byte{"snapshot": snapshot, "log": changed}), h)
	}
	torture.Report(t, "T5", "%d flips of every byte of a log whose process was killed: 0 silent changes, 0 panics", len(log))
}

// Old files beside newer ones, as after a careless restore.
func TestOldFiles(t *testing.T) {
	d, h := disktest.New(0), &history{}
	h.mustRun(t, d, 4, "first")
	generation := func() map[string][]byte {
		snapshot, err := d.Content(dir + "/snapshot")
		if err != nil {
			t.Fatal(err)
		}
		log, err := d.Content(dir + "/log")
		if err != nil {
			t.Fatal(err)
		}
		return map[string][]byte{"snapshot": snapshot, "log": log}
	}
	before := generation()
	h.mustRun(t, d, 4, "second")
	after := generation()
	if !demand(t, place(t, with(after, "snapshot", before["snapshot"])), h) {
		t.Error("an old snapshot was not detected")
	}
	if !demand(t, place(t, with(after, "log", before["log"])), h) {
		t.Error("an old log was not detected")
	}
	other, _ := small(t)
	if !demand(t, place(t, with(after, "log", other["log"])), h) {
		t.Error("the log of another journal was not detected")
	}
}

func TestRead(t *testing.T) {
	d, h := disktest.New(0), &history{}
	if _, err := journal.Read(d, dir); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Read of nothing returned %v", err)
	}
	h.mustRun(t, d, 7, "prepare")
	j, _, err := journal.Open(d, dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := journal.Read(d, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.check(r), j.Close()); err != nil {
		t.Fatal(err)
	}
}

func FuzzOpen(f *testing.F) {
	files, _ := small(f)
	f.Add(files["snapshot"], files["log"])
	f.Add(files["snapshot"], files["log"][:1600])
	f.Add([]byte(nil), files["log"])
	f.Fuzz(func(t *testing.T, snapshot, log []byte) {
		d := place(t, map[string][]byte{"snapshot": snapshot, "log": log})
		j, r, err := journal.Open(d, dir)
		if err != nil {
			return
		}
		// What opened once must open again with the same content.
		if err := errors.Join(j.Append([]byte("one more")), j.Close()); err != nil {
			t.Fatal(err)
		}
		again, err := journal.Read(d, dir)
		if err != nil {
			t.Fatal(err)
		}
		if string(again.Snapshot) != string(r.Snapshot) || len(again.Records) != len(r.Records)+1 {
			t.Fatalf("%d records became %d", len(r.Records), len(again.Records))
		}
	})
}
