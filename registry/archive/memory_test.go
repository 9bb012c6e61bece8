package archive_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/nsynapse/recipe/registry/archive"
)

// TestRead looks at a package without unpacking it, and leaves one with a link to be unpacked.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "templates", "more"), 0o755))
	names := []string{"recipe.hcl", "templates/a.tmpl", "templates/more/b.tmpl", "templates/empty"}
	for i, name := range names {
		must(t, os.WriteFile(filepath.Join(dir, name), bytes.Repeat([]byte(name), 100*(3-i)), 0o644))
	}
	must(t, os.Chmod(filepath.Join(dir, "templates/a.tmpl"), 0o755))
	var packed bytes.Buffer
	c, err := archive.Pack(t.Context(), dir, &packed)
	must(t, err)
	files, err := archive.Read(t.Context(), bytes.NewReader(packed.Bytes()), c)
	must(t, err)
	must(t, fstest.TestFS(files, names...))
	for _, name := range names {
		want, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		if got, err := fs.ReadFile(files, name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	wrong := c
	wrong.Bytes--
	if _, err := archive.Read(t.Context(), bytes.NewReader(packed.Bytes()), wrong); err == nil {
		t.Error("more bytes than were signed are taken")
	}
	must(t, os.Symlink("recipe.hcl", filepath.Join(dir, "link")))
	packed.Reset()
	c, err = archive.Pack(t.Context(), dir, &packed)
	must(t, err)
	if _, err := archive.Read(t.Context(), &packed, c); !errors.Is(err, archive.ErrNotForMemory) {
		t.Errorf("with a link: %v", err)
	}
}
