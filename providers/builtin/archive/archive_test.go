package archive_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/builtin/archive"
	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/registry/store"
)

func newType(t *testing.T) (sdk.Resource, *store.Store) {
	t.Helper()
	home := t.TempDir()
	s, err := store.Open(filepath.Join(home, "store"))
	must(t, err)
	f, err := fetch.New(filepath.Join(home, "downloads"), fetch.Options{Attempts: 1})
	must(t, err)
	return archive.New(s, f), s
}

func wish(source, checksum string, strip int64) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"source": cty.StringVal(source), "checksum": cty.StringVal(checksum),
		"strip": cty.NumberIntVal(strip), "path": cty.NullVal(cty.String),
	})
}

func apply(t *testing.T, r sdk.Resource, after cty.Value) (cty.Value, error) {
	none := cty.NullVal(archive.Schema().Object())
	v, d := r.Apply(t.Context(), sdk.ApplyRequest{
		Identity: sdk.Identity{Address: "archive.test", Known: none}, Before: none, After: after, Token: "1",
	})
	return v, d.Err()
}

// TestProgressGoesOnAfterTheDownload has somebody who looks what is being done: the download is not the end of it.
func TestProgressGoesOnAfterTheDownload(t *testing.T) {
	r, _ := newType(t)
	source, checksum := publish(t, tarOf(t, toGzip, tar.Header{Name: "file", Size: 5, Mode: 0o644}))
	none := cty.NullVal(archive.Schema().Object())
	var said []string
	_, d := r.Apply(t.Context(), sdk.ApplyRequest{
		Identity: sdk.Identity{Address: "archive.test", Known: none}, Before: none, After: wish(source, checksum, 0), Token: "1",
		Report: sdk.Report{Progress: func(p sdk.Progress) { said = append(said, p.Text) }},
	})
	must(t, d.Err())
	if len(said) < 2 || said[0] != "downloading archive" || said[len(said)-1] != "unpacking archive" {
		t.Errorf("it said %q", said)
	}
}

// publish writes the archive and returns its address and checksum.
func publish(t *testing.T, content []byte) (source, checksum string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "archive")
	must(t, os.WriteFile(path, content, 0o644))
	return "file://" + path, fmt.Sprintf("sha256:%x", sha256.Sum256(content))
}

func tarOf(t *testing.T, compress func(io.Writer) (io.WriteCloser, error), head tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	out, err := compress(&b)
	must(t, err)
	w := tar.NewWriter(out)
	must(t, w.WriteHeader(&head))
	_, err = w.Write(bytes.Repeat([]byte("x"), int(head.Size)))
	must(t, err)
	must(t, w.Close())
	must(t, out.Close())
	return b.Bytes()
}

func toGzip(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }
func toXZ(w io.Writer) (io.WriteCloser, error)   { return xz.NewWriter(w) }
func toZstd(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }

func zipOf(t *testing.T, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	must(t, err)
	_, err = io.WriteString(f, "xxxxx")
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

func TestFormats(t *testing.T) {
	head := tar.Header{Name: "tool-1/bin/tool", Typeflag: tar.TypeReg, Size: 5, Mode: 0o755}
	for name, content := range map[string][]byte{
		"gzip": tarOf(t, toGzip, head), "xz": tarOf(t, toXZ, head), "zstd": tarOf(t, toZstd, head),
		"zip": zipOf(t, "tool-1/bin/tool"),
	} {
		r, _ := newType(t)
		source, checksum := publish(t, content)
		v, err := apply(t, r, wish(source, checksum, 1))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		path := v.GetAttr("path").AsString()
		if got, err := os.ReadFile(filepath.Join(path, "bin", "tool")); err != nil || string(got) != "xxxxx" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if now, d := r.Read(t.Context(), sdk.Identity{Known: v}); d.HasErrors() || !now.RawEquals(v) {
			t.Errorf("%s: Read %v, %v", name, now, d)
		}
	}
}

func TestRefused(t *testing.T) {
	good := tarOf(t, toGzip, tar.Header{Name: "a", Typeflag: tar.TypeReg, Size: 5})
	source, checksum := publish(t, good)
	other := "sha256:" + strings.Repeat("0", 64)
	hostile, hostileSum := publish(t, tarOf(t, toGzip, tar.Header{Name: "../a", Typeflag: tar.TypeReg}))
	garbage, garbageSum := publish(t, []byte("no archive at all"))
	for name, w := range map[string]cty.Value{
		"wrong digest": wish(source, other, 0), "no digest": wish(source, "latest", 0),
		"hostile": wish(hostile, hostileSum, 0), "garbage": wish(garbage, garbageSum, 0),
		"all stripped": wish(source, checksum, 1), "strip below zero": wish(source, checksum, -1),
		"unknown scheme": wish("ftp://h/x", checksum, 0), "git by digest": wish("git::"+source, checksum, 0),
		"git command": wish("git::ext::sh", "git:"+strings.Repeat("0", 40), 0),
	} {
		r, s := newType(t)
		if v, err := apply(t, r, w); err == nil || !v.IsNull() {
			t.Errorf("%s: %v, %v", name, v, err)
		}
		if keys, err := s.Keys(); err != nil || keys != nil {
			t.Errorf("%s: in the store: %v, %v", name, keys, err)
		}
	}
}

func TestGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not here")
	}
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		c := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	must(t, os.WriteFile(filepath.Join(dir, "a"), []byte("one"), 0o644))
	git("add", "a")
	git("commit", "-q", "-m", "one")
	commit := git("rev-parse", "HEAD")
	must(t, os.WriteFile(filepath.Join(dir, "a"), []byte("two"), 0o644))
	git("commit", "-q", "-a", "-m", "two")

	r, _ := newType(t)
	v, err := apply(t, r, wish("git::file://"+dir, "git:"+commit, 0))
	must(t, err)
	path := v.GetAttr("path").AsString()
	if got, err := os.ReadFile(filepath.Join(path, "a")); err != nil || string(got) != "one" {
		t.Errorf("%q, %v", got, err)
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if _, err := apply(t, r, wish("git::file://"+dir, "git:"+strings.Repeat("0", 40), 0)); err == nil {
		t.Error("a commit that is not there was found")
	}
	must(t, os.Symlink("/etc/passwd", filepath.Join(dir, "out")))
	git("add", "out")
	git("commit", "-q", "-m", "out")
	if _, err := apply(t, r, wish("git::file://"+dir, "git:"+git("rev-parse", "HEAD"), 0)); err == nil {
		t.Error("a link out of the tree was taken")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
