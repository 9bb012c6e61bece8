package deb_test

import (
	"archive/tar"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/builtin/deb"
	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/registry/store"
)

// machine is a home of ours on a machine whose package sources are those of aptDir.
type machine struct {
	t     *testing.T
	home  string
	store *store.Store
	deb   sdk.Resource
	mu    sync.Mutex
	doing string // the last progress
}

func newMachine(t *testing.T, home, aptDir string) *machine {
	t.Helper()
	s, err := store.Open(filepath.Join(home, "store"))
	must(t, err)
	f, err := fetch.New(filepath.Join(home, "downloads"), fetch.Options{Attempts: 1})
	must(t, err)
	return &machine{t: t, home: home, store: s, deb: deb.New(s, f, deb.Options{AptDir: aptDir, Architecture: "amd64"})}
}

func (m *machine) apply(known, after cty.Value) (cty.Value, sdk.Diagnostics) {
	return m.deb.Apply(m.t.Context(), sdk.ApplyRequest{
		Identity: sdk.Identity{Address: "deb.test", Stack: "test", Known: known}, Before: known, After: after, Token: "1",
		Report: sdk.Report{Progress: func(p sdk.Progress) { m.mu.Lock(); defer m.mu.Unlock(); m.doing = p.Text }},
	})
}

func (m *machine) mustApply(known, after cty.Value) cty.Value {
	m.t.Helper()
	v, d := m.apply(known, after)
	must(m.t, d.Err())
	return v
}

func (m *machine) mustHaveNothing() {
	m.t.Helper()
	if keys, err := m.store.Keys(); err != nil || keys != nil {
		m.t.Errorf("in the store: %v, %v", keys, err)
	}
	if left, err := filepath.Glob(filepath.Join(m.home, "store", ".work", "fill-*")); err != nil || left != nil {
		m.t.Errorf("left in the store: %v, %v", left, err)
	}
}

func shop(t *testing.T) *repository {
	r := newRepository(t)
	r.add("server", "2:1.0-1", "Pre-Depends: base\nDepends: helper (>= 1), missing | library, systemd, conf\n", toXZ, file("./usr/bin/server"),
		tar.Header{Name: "./usr/bin/link", Linkname: "/usr/bin/server", Typeflag: tar.TypeSymlink})
	r.add("helper", "1.0", "Depends: virtual\n", toZstd, file("./usr/bin/helper"))
	r.add("library", "3", "Depends: server\n", toGzip, file("./usr/lib/library"))
	r.add("real", "1", "Provides: virtual (= 2)\n", toXZ, file("./usr/bin/real"))
	r.add("base", "1", "Essential: yes\n", toXZ, file("./bin/base"))
	r.add("conf", "1", "", toXZ, file("./etc/conf"))
	return r
}

func TestInstall(t *testing.T) {
	r := shop(t)
	r.publish()
	m := newMachine(t, t.TempDir(), r.aptDir(r.key, ""))
	v := m.mustApply(none(), wish([]string{"server"}, "conf"))
	if got := strings.Join(resolved(v), " "); got != "helper=1.0 library=3 real=1 server=2:1.0-1" {
		t.Errorf("resolved %s", got)
	}
	if m.doing != "writing all of it to the disk" {
		t.Errorf("the last it said is %q", m.doing)
	}
	path := v.GetAttr("path").AsString()
	for _, name := range []string{"bin/server", "bin/link", "bin/helper", "bin/real", "lib/library"} {
		if content, err := os.ReadFile(filepath.Join(path, "usr", name)); err != nil || string(content) != "xxxxx" {
			t.Errorf("%s: %q, %v", name, content, err)
		}
	}
	if now, d := m.deb.Read(t.Context(), sdk.Identity{Known: v}); d.HasErrors() || !now.RawEquals(v) {
		t.Errorf("Read: %v, %v", now, d)
	}
	if again := m.mustApply(v, v); !again.RawEquals(v) {
		t.Errorf("applied again: %v", again)
	}
	if gone, d := m.apply(v, none()); d != nil || !gone.IsNull() {
		t.Errorf("deleted: %v, %v", gone, d)
	}
}

func TestTheSameVersionsAgain(t *testing.T) {
	old := shop(t)
	old.publish()
	home := t.TempDir()
	aptDir := old.aptDir(old.key, "")
	m := newMachine(t, home, aptDir)
	v := m.mustApply(none(), wish([]string{"server"}, "conf"))
	must(t, m.store.Remove(t.Context(), filepath.Base(v.GetAttr("path").AsString())))
	if now, d := m.deb.Read(t.Context(), sdk.Identity{Known: v}); d.HasErrors() || !now.IsNull() {
		t.Errorf("Read without the entry: %v, %v", now, d)
	}

	// The source moves on: what was resolved comes from the downloads.
	must(t, os.RemoveAll(filepath.Join(old.dir, "pool")))
	old.list.Reset()
	old.add("server", "2:2.0-1", "", toXZ, file("./usr/bin/server"))
	old.add("base", "1", "Essential: yes\n", toXZ, file("./bin/base"))
	old.publish()
	after := wish([]string{"server"}, "conf") // computed attributes are null in what is wanted
	if again := m.mustApply(v, after); !again.RawEquals(v) {
		t.Errorf("installed again: %v, want %v", again, v)
	}

	// A new home knows only the pins: they are nowhere to be had.
	fresh := newMachine(t, t.TempDir(), aptDir)
	if _, d := fresh.apply(v, after); d.Err() == nil || !strings.Contains(d.Err().Error(), "2:2.0-1") && !strings.Contains(d.Err().Error(), "helper") {
		t.Errorf("pins that are gone: %v", d)
	}
	fresh.mustHaveNothing()
	if v := fresh.mustApply(none(), after); resolved(v)[0] != "server=2:2.0-1" {
		t.Errorf("resolved anew: %v", resolved(v))
	}
}

func TestTwoWishesOfTheSamePackagesShareAnEntry(t *testing.T) {
	r := shop(t)
	r.publish()
	m := newMachine(t, t.TempDir(), r.aptDir(r.key, ""))
	one := m.mustApply(none(), wish([]string{"helper"}))
	two := m.mustApply(none(), wish([]string{"real", "helper=1.0"}))
	if !one.GetAttr("path").RawEquals(two.GetAttr("path")) {
		t.Error("they differ")
	}
}

func TestBrokenSourcesNextToAGoodOne(t *testing.T) {
	r := shop(t)
	r.publish()
	more := "deb file:///nowhere test main\ndeb [arch=i386] file:///other test main\ncdrom x\ndeb cdrom:[x]/ test main\n"
	m := newMachine(t, t.TempDir(), r.aptDir(r.key, more))
	_, d := m.apply(none(), wish([]string{"real"}))
	must(t, d.Err())
	if len(d) != 2 || !strings.Contains(fmt.Sprint(d), "file:///nowhere test") {
		t.Errorf("warnings %v", d)
	}
}

func TestNothingFromUntrustedSources(t *testing.T) {
	tests := map[string]struct {
		spoil func(r *repository)
		want  string
	}{
		"changed index":     {func(r *repository) { flip(t, filepath.Join(r.dir, "dists/test/main/binary-amd64/Packages.xz")) }, "digest"},
		"changed release":   {func(r *repository) { flip(t, filepath.Join(r.dir, "dists/test/InRelease")) }, "signature"},
		"unsigned":          {func(r *repository) { r.write("dists/test/InRelease", []byte("Suite: test\n")) }, "not signed"},
		"no release":        {func(r *repository) { must(t, os.Remove(filepath.Join(r.dir, "dists/test/InRelease"))) }, "no such file"},
		"out of date":       {func(r *repository) { r.fields = "Valid-Until: Sat, 28 Nov 2020 00:53:02 UTC\n"; r.publish() }, "valid until"},
		"flipped package":   {func(r *repository) { flip(t, filepath.Join(r.dir, "pool/real_1.deb")) }, "digest"},
		"truncated package": {func(r *repository) { must(t, os.Truncate(filepath.Join(r.dir, "pool/real_1.deb"), 99)) }, "bytes arrived"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := shop(t)
			r.publish()
			test.spoil(r)
			mustRefuse(t, r, r.aptDir(r.key, ""), test.want)
		})
	}
	t.Run("foreign key", func(t *testing.T) {
		r := shop(t)
		r.publish()
		mustRefuse(t, r, r.aptDir(newKey(t), ""), "signature")
	})
}

func TestHostilePackages(t *testing.T) {
	link := func(name, target string) tar.Header {
		return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink}
	}
	for name, heads := range map[string][]tar.Header{
		"absolute":    {file("/etc/x")},
		"dots":        {file("./../../x")},
		"link out":    {link("./a", "../../x")},
		"link chain":  {link("./a/b/c", "../.."), link("./x", "a/b/c/../..")},
		"write link":  {link("./a", "/etc"), file("./a/x")},
		"device":      {{Name: "./dev", Typeflag: tar.TypeChar}},
		"hard link":   {{Name: "./h", Linkname: "/etc/passwd", Typeflag: tar.TypeLink}},
		"file twice":  {file("./a"), file("./a")},
		"broken size": {{Name: "./big", Typeflag: tar.TypeReg, Size: 70 << 20}},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(t)
			r.list.Reset()
			r.add("real", "1", "Installed-Size: 1\n", toGzip, heads...)
			r.publish()
			mustRefuse(t, r, r.aptDir(r.key, ""), "cannot add deb-")
		})
	}
}

func mustRefuse(t *testing.T, r *repository, aptDir, want string) {
	t.Helper()
	home := t.TempDir()
	m := newMachine(t, home, aptDir)
	v, d := m.apply(none(), wish([]string{"real"}))
	if d.Err() == nil || !v.IsNull() || !strings.Contains(d.Err().Error(), want) {
		t.Errorf("got %v, %v; want an error about %q", v, d, want)
	}
	m.mustHaveNothing()
	outside, err := os.ReadDir(home)
	if names := fmt.Sprint(outside); err != nil || len(outside) != 2 || !slices.ContainsFunc(outside, os.DirEntry.IsDir) {
		t.Errorf("in the home: %s, %v", names, err)
	}
}

func TestBadWishes(t *testing.T) {
	r := shop(t)
	r.publish()
	m := newMachine(t, t.TempDir(), r.aptDir(r.key, ""))
	for want, w := range map[string]cty.Value{
		"neither a package name": wish([]string{"../x"}),
		"no source":              wish([]string{"unheard-of"}),
		"there is 1":             wish([]string{"real=9"}),
		"both asked":             wish([]string{"real"}, "real"),
	} {
		if _, d := m.apply(none(), w); d.Err() == nil || !strings.Contains(d.Err().Error(), want) {
			t.Errorf("want %q, got %v", want, d)
		}
	}
}

// flip changes one bit in the middle of the file.
func flip(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	content[len(content)/4] ^= 1
	must(t, os.WriteFile(path, content, 0o644))
}
