package bundle_test

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/registry/bundle"
	"github.com/nsynapse/recipe/registry/oci"
)

// entry is one of a tar archive.
type entry struct {
	name, content string
	kind          byte
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Size: int64(len(e.content)), Mode: 0o644}
		if e.kind == tar.TypeSymlink {
			h.Linkname = "/etc/passwd"
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	from, to, name := t.TempDir(), t.TempDir(), strings.Repeat("a", 64)
	if err := os.WriteFile(filepath.Join(from, name), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := bundle.Write(&b, []byte("lock"), bundle.Seal{Namespace: "acme", Note: []byte("note"), Keys: []byte("keys")}, oci.Blobs(from)); err != nil {
		t.Fatal(err)
	}
	lock, seal, err := bundle.Read(bytes.NewReader(b.Bytes()), oci.Blobs(to))
	if content, _ := os.ReadFile(filepath.Join(to, name)); string(lock) != "lock" || seal.Namespace != "acme" || string(seal.Note) != "note" || string(seal.Keys) != "keys" || string(content) != "content" || err != nil {
		t.Errorf("read %q and %q, %v", lock, content, err)
	}
	for size := 0; size < 2048+len("content"); size += 61 { // a cut behind a whole entry leaves objects out, which importing tells
		to := t.TempDir()
		_, _, err := bundle.Read(bytes.NewReader(b.Bytes()[:size]), oci.Blobs(to))
		if left, _ := os.ReadDir(to); err == nil && len(left) > 0 {
			t.Errorf("%d of %d bytes are a bundle with an object", size, b.Len())
		}
	}
}

func TestForeign(t *testing.T) {
	head, lock := entry{"recipe-bundle", "recipe bundle 1\n", tar.TypeReg}, entry{".recipe.lock.hcl", "", tar.TypeReg}
	blob := "blobs/" + strings.Repeat("a", 64)
	for want, entries := range map[string][]entry{
		"not a bundle":           {lock},
		"one of another recipe":  {{"recipe-bundle", "recipe bundle 2\n", tar.TypeReg}, lock},
		`"blobs/../../x"`:        {head, lock, {"blobs/../../x", "x", tar.TypeReg}},
		"does not belong there":  {head, lock, {blob, "", tar.TypeSymlink}},
		"file exists":            {head, lock, {blob, "x", tar.TypeReg}, {blob, "y", tar.TypeReg}},
		"where it has to have":   {head, {blob, "x", tar.TypeReg}},
		"at most 262144 bytes":   {head, {".recipe.lock.hcl", strings.Repeat("x", 262145), tar.TypeReg}},
		`"blobs/` + `AA", which`: {head, lock, {"blobs/AA", "x", tar.TypeReg}},
	} {
		dir := t.TempDir()
		if _, _, err := bundle.Read(bytes.NewReader(archive(t, entries...)), oci.Blobs(dir)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
