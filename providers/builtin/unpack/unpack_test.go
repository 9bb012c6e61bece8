package unpack_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/nsynapse/recipe/providers/builtin/unpack"
)

const mega = 1 << 20

func makeTar(t *testing.T, heads ...tar.Header) *bytes.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range heads {
		body := make([]byte, h.Size)
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b.Bytes())
}

func file(name string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Size: 3, Mode: 0o644}
}
func dir(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o755} }
func link(name, target string) tar.Header {
	return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink}
}
func hard(name, target string) tar.Header {
	return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeLink}
}

func unpackTar(t *testing.T, to string, limits unpack.Limits, heads ...tar.Header) error {
	t.Helper()
	tree, err := unpack.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	return errors.Join(tree.Tar(t.Context(), makeTar(t, heads...), limits), tree.CheckLinks())
}

func TestTar(t *testing.T) {
	to := t.TempDir()
	script := file("./usr/bin/run")
	script.Mode = 0o4755
	err := unpackTar(t, to, unpack.Limits{Bytes: mega, Rooted: true},
		dir("./"), dir("./usr/"), script, file("usr/lib/a"), hard("./usr/lib/b", "./usr/lib/a"),
		link("usr/bin/X11", "."), link("usr/lib/abs", "/usr/bin/run"), link("usr/lib/none", "/etc/alternatives/x"),
		link("top", "usr/lib/a"))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(to, "usr/lib/abs")); err != nil || info.Mode() != 0o755 {
		t.Error(info, err)
	}
	if target, err := os.Readlink(filepath.Join(to, "usr/lib/abs")); err != nil || target != "../../usr/bin/run" {
		t.Error(target, err)
	}
	if info, err := os.Stat(filepath.Join(to, "usr/lib/b")); err != nil || info.Size() != 3 {
		t.Error(info, err)
	}
}

func TestStrip(t *testing.T) {
	to := t.TempDir()
	err := unpackTar(t, to, unpack.Limits{Bytes: mega, Strip: 1}, file("note"), dir("node-1/"), file("node-1/bin/node"), hard("node-1/n", "node-1/bin/node"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(to)
	if err != nil || len(entries) != 2 || entries[0].Name() != "bin" || entries[1].Name() != "n" {
		t.Error(entries, err)
	}
}

func TestHostileTars(t *testing.T) {
	big := file("big")
	big.Size = mega
	hostile := map[string][]tar.Header{
		"absolute name":         {file("/etc/passwd")},
		"dots":                  {file("../x")},
		"inner dots":            {file("a/../../x")},
		"absolute link":         {link("a", "/etc")},
		"link out":              {link("a", "../x")},
		"link up and down":      {link("a/b", "../../x/a")},
		"link through a link":   {dir("p/q"), link("p/q/r", "../.."), link("x", "p/q/r/../..")},
		"loop":                  {link("a", "b"), link("b", "a")},
		"write through a link":  {dir("d"), link("a", "d"), file("a/x")},
		"write over a link":     {link("a", "b"), file("a")},
		"file twice":            {file("a"), file("a")},
		"directory over a file": {file("a"), dir("a")},
		"hard link out":         {hard("a", "../x")},
		"hard link absolute":    {hard("a", "/etc/passwd")},
		"hard link to nothing":  {hard("a", "b")},
		"hard link to a link":   {link("l", "x"), hard("a", "l")},
		"device":                {{Name: "a", Typeflag: tar.TypeBlock}},
		"character device":      {{Name: "a", Typeflag: tar.TypeChar}},
		"fifo":                  {{Name: "a", Typeflag: tar.TypeFifo}},
		"too much":              {big, {Name: "more", Typeflag: tar.TypeReg, Size: 1}},
	}
	for name, heads := range hostile {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			to := filepath.Join(parent, "to")
			if err := os.Mkdir(to, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := unpackTar(t, to, unpack.Limits{Bytes: mega}, heads...); err == nil {
				t.Error("it was taken")
			}
			if left, err := os.ReadDir(parent); err != nil || len(left) != 1 {
				t.Errorf("outside: %v, %v", left, err)
			}
		})
	}
}

func TestZip(t *testing.T) {
	type entry struct {
		name, content string
		mode          fs.FileMode
	}
	unzip := func(t *testing.T, entries ...entry) (string, error) {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, e := range entries {
			h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
			h.SetMode(e.mode)
			f, err := w.CreateHeader(h)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write([]byte(e.content)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		to := t.TempDir()
		tree, err := unpack.Open(to)
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		err = tree.Zip(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()), unpack.Limits{Bytes: 100})
		return to, errors.Join(err, tree.CheckLinks())
	}
	to, err := unzip(t, entry{"a/", "", fs.ModeDir | 0o755}, entry{"a/run", "x", 0o755}, entry{"l", "a/run", fs.ModeSymlink | 0o777})
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(filepath.Join(to, "l")); err != nil || string(content) != "x" {
		t.Error(string(content), err)
	}
	for _, bad := range []entry{
		{"../x", "x", 0o644}, {"/x", "x", 0o644}, {"l", "../..", fs.ModeSymlink | 0o777}, {"d", "", fs.ModeDevice | 0o644},
		{"big", string(make([]byte, 101)), 0o644},
	} {
		if _, err := unzip(t, bad); err == nil {
			t.Errorf("%q was taken", bad.name)
		}
	}
}

func FuzzTar(f *testing.F) {
	f.Add([]byte("\x1f\x8b"))
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Fuzz(func(t *testing.T, b []byte) {
		parent := t.TempDir()
		to := filepath.Join(parent, "to")
		if err := os.Mkdir(to, 0o755); err != nil {
			t.Fatal(err)
		}
		tree, err := unpack.Open(to)
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		_ = tree.Tar(t.Context(), bytes.NewReader(b), unpack.Limits{Bytes: mega})
		if left, err := os.ReadDir(parent); err != nil || len(left) != 1 {
			t.Errorf("outside: %v, %v", left, err)
		}
	})
}
