package bundle_test

import (
	"archive/tar"
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/registry/bundle"
	"github.com/nsynapse/recipe/registry/oci"
)

// FuzzRead demands that nothing but objects comes out of foreign bytes.
func FuzzRead(f *testing.F) {
	head, lock := entry{"recipe-bundle", "recipe bundle 1\n", tar.TypeReg}, entry{".recipe.lock.hcl", "lock", tar.TypeReg}
	f.Add(archive(f, head, lock, entry{"blobs/" + strings.Repeat("a", 64), "x", tar.TypeReg}))
	f.Add(archive(f, head, lock, entry{"blobs/../../x", "x", tar.TypeReg}))
	f.Add(archive(f, lock))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		_, _, _ = bundle.Read(bytes.NewReader(text), oci.Blobs(dir))
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if len(e.Name()) != 64 || !e.Type().IsRegular() {
				t.Errorf("%q came out of it", e.Name())
			}
		}
	})
}
