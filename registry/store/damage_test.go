package store_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/registry/store"
)

// TestT5Store flips every byte of an entry and of the digests beside it, and adds, removes, shortens and renames its
// files: each has to be found, named, and mended by the next Add. Large files are sampled.
func TestT5Store(t *testing.T) {
	random := torture.Random(t)
	home := t.TempDir()
	s := open(t, home)
	big := make([]byte, torture.Pick(1<<20, 8<<20))
	for i := range big {
		big[i] = byte(random.Uint32())
	}
	fill := func(dir string) error {
		return errors.Join(
			os.Mkdir(filepath.Join(dir, "bin"), 0o755),
			os.WriteFile(filepath.Join(dir, "bin", "run"), []byte("#!/bin/sh\nexit 0\n"), 0o755),
			os.WriteFile(filepath.Join(dir, "empty"), nil, 0o644),
			os.WriteFile(filepath.Join(dir, "strange \n\"name"), []byte("x"), 0o644),
			os.WriteFile(filepath.Join(dir, "big"), big, 0o644),
			os.Symlink("bin/run", filepath.Join(dir, "link")))
	}
	d := damager{t: t, store: s, key: "deb-1", fill: fill, random: random}
	path, err := s.Add(t.Context(), d.key, fill)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := s.Verify(t.Context(), d.key); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	for _, name := range []string{"bin/run", "strange \n\"name", "big"} {
		d.flip(filepath.Join(path, name), torture.Pick(40, 200))
	}
	d.flip(filepath.Join(home, ".sums", d.key), torture.Pick(100, 10_000))
	d.trees(path)
	torture.Report(t, "T5", "%d flipped bytes and %d other changes of an installed entry found and mended; all of %d MiB verified in %v", d.flips, d.others, len(big)>>20, took.Round(time.Millisecond))
}

// damager damages an entry of a store, in ways that are taken back or mended.
type damager struct {
	t      *testing.T
	store  *store.Store
	key    string
	fill   func(dir string) error
	random *rand.Rand

	flips, others int
}

// found demands that the entry counts as damaged, both for one who asks again and for one who never asked.
func (d *damager) found(what string) {
	d.t.Helper()
	var damage *store.Damage
	if _, err := d.store.Sound(d.t.Context(), d.key); !errors.As(err, &damage) {
		d.t.Fatalf("%s: Sound says %v", what, err)
	}
	if err := d.store.Verify(d.t.Context(), d.key); !errors.As(err, &damage) || damage.Key != d.key || damage.Path == "" {
		d.t.Fatalf("%s: Verify says %v", what, err)
	}
}

// flip flips one bit of each byte of a file, or of most randomly chosen ones, one after the other.
func (d *damager) flip(name string, most int) {
	d.t.Helper()
	whole, err := os.ReadFile(name)
	if err != nil {
		d.t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	for n := range min(most, len(whole)) {
		at := int64(n)
		if most < len(whole) {
			at = d.random.Int64N(int64(len(whole)))
		}
		d.write(f, whole[at]^1<<d.random.IntN(8), at)
		d.found(name)
		d.write(f, whole[at], at)
		d.flips++
	}
	if err := d.store.Verify(d.t.Context(), d.key); err != nil {
		d.t.Fatalf("after %s was put right: %v", name, err)
	}
}

func (d *damager) write(f *os.File, b byte, at int64) {
	d.t.Helper()
	if _, err := f.WriteAt([]byte{b}, at); err != nil {
		d.t.Fatal(err)
	}
}

// trees damages what is not content; each time Add has to put it right.
func (d *damager) trees(path string) {
	in := func(name string) string { return filepath.Join(path, name) }
	for what, damage := range map[string]func() error{
		"a file is missing":         func() error { return os.Remove(in("bin/run")) },
		"a file is shorter":         func() error { return os.Truncate(in("big"), 10) },
		"a file is longer":          func() error { return os.Truncate(in("empty"), 1) },
		"a file is new":             func() error { return os.WriteFile(in("zz"), nil, 0o644) },
		"a directory is new":        func() error { return os.Mkdir(in("aa"), 0o755) },
		"a file has another name":   func() error { return os.Rename(in("empty"), in("empty2")) },
		"a file cannot be executed": func() error { return os.Chmod(in("bin/run"), 0o644) },
		"a link leads elsewhere":    func() error { return errors.Join(os.Remove(in("link")), os.Symlink("/bin/sh", in("link"))) },
		"a file is a directory":     func() error { return errors.Join(os.Remove(in("empty")), os.Mkdir(in("empty"), 0o755)) },
		"the digests are missing":   func() error { return os.Remove(filepath.Join(path, "..", ".sums", d.key)) },
	} {
		if err := damage(); err != nil {
			d.t.Fatal(what, err)
		}
		d.found(what)
		if _, err := d.store.Add(d.t.Context(), d.key, d.fill); err != nil {
			d.t.Fatalf("%s: it cannot be made again: %v", what, err)
		}
		if err := d.store.Verify(d.t.Context(), d.key); err != nil {
			d.t.Fatalf("%s: after it was made again: %v", what, err)
		}
		d.others++
	}
}

// A tree is under its own digest, so that not even changed files with matching digests beside them pass.
func TestATreeIsHeldAgainstItsKey(t *testing.T) {
	home, from := t.TempDir(), t.TempDir()
	s := open(t, home)
	if err := os.WriteFile(filepath.Join(from, "a"), []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	key, path, err := s.AddTree(t.Context(), from, nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.Add(t.Context(), "other", func(dir string) error { return os.WriteFile(filepath.Join(dir, "a"), []byte("two"), 0o644) })
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(path), os.CopyFS(path, os.DirFS(other)),
		os.Rename(filepath.Join(home, ".sums", "other"), filepath.Join(home, ".sums", key))); err != nil {
		t.Fatal(err)
	}
	var damage *store.Damage
	if err := s.Verify(t.Context(), key); !errors.As(err, &damage) {
		t.Errorf("another tree passes: %v", err)
	}
	if err := s.Verify(t.Context(), "nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
