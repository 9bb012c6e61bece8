package origin_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nsynapse/recipe/registry/origin"
)

// archived writes an archive and returns its address.
func archived(t *testing.T, name string) origin.Address {
	t.Helper()
	data, sum := packed(t, name, "file")
	path := filepath.Join(t.TempDir(), name+".tar.gz")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := origin.Parse("file://" + path + "?checksum=sha256:" + sum)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// age makes everything as if nobody had asked for it for so long.
func age(t *testing.T, dir string, by time.Duration) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-by)
	for _, path := range all {
		_ = os.Chtimes(path, then, then) // a lock file may be gone
	}
}

func fetched(t *testing.T, p origin.Place, a origin.Address) string {
	t.Helper()
	dir, err := p.Get(context.Background(), a, a.Fixed())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPruneKeepsToItsBounds(t *testing.T) {
	p := origin.Place{Dir: filepath.Join(t.TempDir(), "sources")}
	prune := func(b origin.Bounds, removed, left int) {
		t.Helper()
		done, err := p.Prune(context.Background(), b)
		if err != nil || done.Removed != removed || done.Left != left {
			t.Errorf("%+v removes %+v, %v; want %d removed and %d left", b, done, err, removed, left)
		}
	}
	prune(origin.Bounds{}, 0, 0) // there is no directory yet
	one, two, three := archived(t, "one"), archived(t, "two"), archived(t, "three")
	for _, a := range []origin.Address{one, two, three} {
		fetched(t, p, a)
	}
	prune(origin.Bounds{}, 0, 3) // a short while ago somebody asked for them
	age(t, p.Dir, 48*time.Hour)
	fetched(t, p, two)
	prune(origin.Bounds{Unused: 72 * time.Hour}, 0, 3)
	prune(origin.Bounds{Unused: 24 * time.Hour, Keep: map[string]bool{one.Key(one.Fixed()): true}}, 1, 2)
	prune(origin.Bounds{Unused: 72 * time.Hour, Bytes: 1}, 1, 1)
	if dir := fetched(t, p, two); dir != fetched(t, p, two) {
		t.Error("it is somewhere else now")
	}
	fetched(t, p, one) // got again
	prune(origin.Bounds{Unused: 24 * time.Hour}, 0, 2)
}

// What somebody was just given is there, whoever removed it at the same time.
func TestPruneBesideGet(t *testing.T) {
	p := origin.Place{Dir: filepath.Join(t.TempDir(), "sources")}
	a := archived(t, "one")
	fetched(t, p, a)
	for range 100 {
		age(t, p.Dir, 2*time.Hour)
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := p.Prune(context.Background(), origin.Bounds{}); err != nil {
				t.Error(err)
			}
		})
		dir, err := p.Get(context.Background(), a, a.Fixed())
		if err == nil {
			_, err = os.Stat(dir)
		}
		both.Wait()
		if err == nil {
			_, err = os.Stat(dir)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
