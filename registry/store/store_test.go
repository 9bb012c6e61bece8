package store_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nsynapse/recipe/registry/store"
)

func TestAddMakesOneReadableEntry(t *testing.T) {
	s := open(t, t.TempDir())
	var fills atomic.Int32
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			path, err := s.Add(t.Context(), "deb-1", func(dir string) error {
				fills.Add(1)
				return errors.Join(
					os.MkdirAll(filepath.Join(dir, "bin"), 0o700),
					os.WriteFile(filepath.Join(dir, "bin", "run"), []byte("x"), 0o700),
					os.WriteFile(filepath.Join(dir, "note"), []byte("x"), 0o600))
			})
			if known, ok := s.Path("deb-1"); err != nil || !ok || known != path {
				t.Errorf("Add %q, %v; Path %q, %v", path, err, known, ok)
			}
		})
	}
	wait.Wait()
	if fills.Load() != 1 {
		t.Errorf("filled %d times", fills.Load())
	}
	path, _ := s.Path("deb-1")
	if runtime.GOOS == "windows" {
		return
	}
	for name, want := range map[string]fs.FileMode{"": 0o755, "bin": 0o755, "bin/run": 0o755, "note": 0o644} {
		info, err := os.Stat(filepath.Join(path, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
}

func TestFailedAndCancelledFillsLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	failure := errors.New("no")
	_, err := s.Add(t.Context(), "deb-1", func(dir string) error {
		return errors.Join(failure, os.WriteFile(filepath.Join(dir, "a"), nil, 0o644))
	})
	if !errors.Is(err, failure) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := s.Add(ctx, "deb-1", func(string) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, ok := s.Path("deb-1"); ok {
		t.Error("there is an entry")
	}
	left, err := os.ReadDir(filepath.Join(dir, ".work"))
	if err != nil || runtime.GOOS != "windows" && len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestOpenRemovesWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	rubbish := filepath.Join(dir, ".work", "fill-deb-1", "sub")
	if err := os.MkdirAll(rubbish, 0o755); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if _, err := os.Stat(rubbish); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestOpenLeavesAFillThatIsGoingOn(t *testing.T) {
	dir := t.TempDir()
	_, err := open(t, dir).Add(t.Context(), "deb-1", func(fill string) error {
		open(t, dir)
		return os.WriteFile(filepath.Join(fill, "a"), nil, 0o644)
	})
	if err != nil {
		t.Error(err)
	}
}

func TestKeysAndRemove(t *testing.T) {
	s := open(t, t.TempDir())
	for _, key := range []string{"b", "a"} {
		if _, err := s.Add(t.Context(), key, func(string) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := s.Remove(t.Context(), "b"); err != nil {
			t.Error(err)
		}
	}
	if keys, err := s.Keys(); err != nil || len(keys) != 1 || keys[0] != "a" {
		t.Error(keys, err)
	}
	for _, key := range []string{"", "../x", ".work", "A", "a/b"} {
		if _, err := s.Add(t.Context(), key, func(string) error { return nil }); err == nil {
			t.Errorf("key %q was taken", key)
		}
		if _, ok := s.Path(key); ok {
			t.Errorf("key %q has a path", key)
		}
	}
}

func open(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What is not the tree that a key names never appears, whoever filled it in.
func TestAnotherTree(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	key := store.TreeKey(strings.Repeat("0", 64))
	_, err = s.Add(t.Context(), key, func(to string) error { return os.WriteFile(filepath.Join(to, "file"), []byte("x"), 0o644) })
	if !errors.Is(err, store.ErrOther) {
		t.Errorf("it was taken: %v", err)
	}
	if _, ok := s.Path(key); ok {
		t.Error("it appeared")
	}
	if left, err := os.ReadDir(filepath.Join(dir, ".work")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
