package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/nsynapse/recipe/registry/store"
)

func TestHashTreeTellsTreesApart(t *testing.T) {
	trees := []fstest.MapFS{
		{},
		{"a": {Data: []byte("bc")}},
		{"ab": {Data: []byte("c")}},
		{"a": {Data: []byte("bc"), Mode: 0o755}},
		{"a": {Data: []byte("bc"), Mode: fs.ModeSymlink}},
		{"a": {Mode: fs.ModeDir}},
		{"a": {}},
		{"a/b": {}},
		{"a": {}, "b": {}},
	}
	seen := map[string]int{}
	for i, tree := range trees {
		digest, err := store.HashTree(tree, nil)
		if err != nil {
			t.Fatal(i, err)
		}
		if other, ok := seen[digest]; ok {
			t.Errorf("trees %d and %d have the same digest", i, other)
		}
		seen[digest] = i
	}
}

func TestIgnore(t *testing.T) {
	ignore, err := store.ParseIgnore("# no\n\n*.log\n!keep.log\n/build\ntmp/\ndoc/**/draft\n**/cache/*.bin\na/b\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path      string
		dir, want bool
	}{
		{"x.log", false, true}, {"deep/x.log", false, true}, {"keep.log", false, false},
		{"build", true, true}, {"src/build", true, false},
		{"tmp", true, true}, {"tmp", false, false}, {"deep/tmp", true, true},
		{"doc/draft", false, true}, {"doc/x/y/draft", false, true}, {"draft", false, false},
		{"cache/a.bin", false, true}, {"x/cache/a.bin", false, true}, {"x/cache/y/a.bin", false, false},
		{"a/b", false, true}, {"x/a/b", false, false}, {"a", true, false},
		{".git", true, true}, {"sub/.git", false, true}, {".gitignore", false, false},
	} {
		if got := ignore.Match(c.path, c.dir); got != c.want {
			t.Errorf("%s (dir %v): %v", c.path, c.dir, got)
		}
	}
	if _, err := store.ParseIgnore("[a"); err == nil {
		t.Error("a bad pattern was taken")
	}
}

func TestAddTree(t *testing.T) {
	dir := t.TempDir()
	err := errors.Join(
		os.MkdirAll(filepath.Join(dir, ".git"), 0o755),
		os.MkdirAll(filepath.Join(dir, "bin"), 0o755),
		os.WriteFile(filepath.Join(dir, "bin", "run"), []byte("#!"), 0o755),
		os.WriteFile(filepath.Join(dir, "x.log"), nil, 0o644),
		os.WriteFile(filepath.Join(dir, store.IgnoreFile), []byte("*.log"), 0o644),
		os.Symlink("bin/run", filepath.Join(dir, "link")))
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, t.TempDir())
	key, path, err := s.AddTree(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if digest, err := store.HashTree(os.DirFS(path), nil); err != nil || "tree-"+digest != key {
		t.Errorf("the copy has digest %s, %v; the key is %s", digest, err, key)
	}
	for _, name := range []string{".git", "x.log"} {
		if _, err := os.Lstat(filepath.Join(path, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Symlink("..", filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.AddTree(t.Context(), dir, nil); err == nil {
		t.Error("a link out of the directory was taken")
	}
}
