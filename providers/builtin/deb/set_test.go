package deb_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/builtin/deb"
	"github.com/nsynapse/recipe/providers/builtin/fetch"
)

// sources are the package sources of aptDir, for a home.
func sources(t *testing.T, home, aptDir string) *deb.Sources {
	t.Helper()
	f, err := fetch.New(filepath.Join(home, "downloads"), fetch.Options{Attempts: 1})
	must(t, err)
	return deb.NewSources(f, deb.Options{AptDir: aptDir, Architecture: "amd64"})
}

func mustResolve(t *testing.T, s *deb.Sources, v cty.Value) deb.Set {
	t.Helper()
	w, ok := deb.WishOf(v)
	if !ok {
		t.Fatalf("%v is no wish", v)
	}
	offer, _, err := s.Open(t.Context())
	must(t, err)
	defer offer.Close()
	set, err := offer.Resolve(w)
	must(t, err)
	return set
}

// TestSettled installs what was resolved on one machine on others: one whose sources have it too, one whose sources have moved
// on, and one that has no sources and gets the files in a directory.
func TestSettled(t *testing.T) {
	r := shop(t)
	r.fields = "Origin: Shop\nCodename: tested\n"
	r.publish()
	aptDir, asked := r.aptDir(r.key, ""), wish([]string{"server"}, "conf")
	first := sources(t, t.TempDir(), aptDir)
	set := mustResolve(t, first, asked)
	if set[0].Origin != "Shop tested main" {
		t.Errorf("%+v has another origin", set[0])
	}
	files := t.TempDir()
	paths, err := first.Download(t.Context(), set)
	must(t, err)
	for i, path := range paths {
		must(t, os.Link(path, filepath.Join(files, set[i].SHA256)))
	}

	same := newMachine(t, t.TempDir(), aptDir)
	must(t, sources(t, same.home, aptDir).Locate(t.Context(), set))
	same.mustSettle(asked, set)

	moved := newRepository(t)
	moved.add("server", "3", "", toXZ, file("./usr/bin/server"))
	moved.publish()
	elsewhere := sources(t, t.TempDir(), moved.aptDir(moved.key, ""))
	if err := elsewhere.Locate(t.Context(), set); err == nil || !strings.Contains(err.Error(), "recipe lock -upgrade=helper") {
		t.Errorf("sources without these versions: %v", err)
	}

	nowhere := newMachine(t, t.TempDir(), t.TempDir())
	s := sources(t, nowhere.home, filepath.Join(nowhere.home, "no-apt"))
	if err := s.Locate(t.Context(), set); err == nil {
		t.Error("a machine without sources has the packages")
	}
	must(t, s.Import(t.Context(), set, files))
	must(t, s.Locate(t.Context(), set))
	nowhere.mustSettle(asked, set)
}

// mustSettle installs what is settled, and nothing else.
func (m *machine) mustSettle(asked cty.Value, set deb.Set) {
	m.t.Helper()
	want := set.Settle(asked, filepath.Join(m.home, "store"))
	v := m.mustApply(none(), want)
	if !v.RawEquals(want) {
		m.t.Errorf("it is %v, and was to be %v", v, want)
	}
	if content, err := os.ReadFile(filepath.Join(v.GetAttr("path").AsString(), "usr/bin/server")); err != nil || string(content) != "xxxxx" {
		m.t.Errorf("%q, %v", content, err)
	}
	if kept := deb.Kept(filepath.Join(m.home, "downloads"), deb.KeyOf(v)); kept.Key() != set.Key() {
		m.t.Errorf("%+v is kept", kept)
	}
}

// TestOtherBits has somebody change what is locked, or what is brought along.
func TestOtherBits(t *testing.T) {
	r := shop(t)
	r.publish()
	aptDir := r.aptDir(r.key, "")
	home := t.TempDir()
	s := sources(t, home, aptDir)
	set := mustResolve(t, s, wish([]string{"conf"}))
	right := set[0].SHA256
	set[0].SHA256 = strings.Repeat("0", 64)
	if err := s.Locate(t.Context(), set); err == nil || !strings.Contains(err.Error(), "sha256:"+right) || !strings.Contains(err.Error(), "somebody changed") {
		t.Errorf("another digest: %v", err)
	}
	set[0].SHA256 = right
	_, err := s.Download(t.Context(), set)
	must(t, err)
	set[0].Version = "2"
	if err := s.Locate(t.Context(), set); err == nil || !strings.Contains(err.Error(), "which is that of conf=1") {
		t.Errorf("another version for a digest: %v", err)
	}
	set[0].Version = "1"
	must(t, os.Remove(filepath.Join(home, "downloads", right)))
	files := t.TempDir()
	must(t, os.WriteFile(filepath.Join(files, right), []byte("something else"), 0o644))
	if err := s.Import(t.Context(), set, files); err == nil || !strings.Contains(err.Error(), "digest") {
		t.Errorf("other bits under a digest: %v", err)
	}
	if err := s.Import(t.Context(), set, t.TempDir()); err == nil || !strings.Contains(err.Error(), "not among the downloads") {
		t.Errorf("nothing under a digest: %v", err)
	}
}
