package registry_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/store"
)

// TestKept reads a release again that was kept, from a registry in the network that no request reaches and from a directory.
func TestKept(t *testing.T) {
	for name, address := range map[string]string{"network": serve(t), "directory": "file://" + t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			var way counted
			w := newWorld(t, address, oci.Options{Transport: &way, Retries: -1})
			w.ok(w.publish("acme/shop", "1.0.0", "x"))
			w.client = registry.New(w.registry, registry.Reader{Ring: w.ring, Memory: w.memory, Cache: filepath.Join(t.TempDir(), "cache")})
			r, err := w.client.Release(t.Context(), "acme/shop", "1.0.0")
			w.ok(err)
			w.ok(r.Keep(t.Context()))
			before := way.requests.Load()
			kept, err := w.client.Kept(t.Context(), "acme/shop", "1.0.0", r.Digest)
			w.ok(err)
			if kept.Archives[0] != r.Archives[0] || kept.Signer.String() != r.Signer.String() || way.requests.Load() != before {
				t.Errorf("kept %+v with %d requests, want %+v with none", kept, way.requests.Load()-before, r)
			}
			if _, err := w.client.Kept(t.Context(), "acme/shop", "1.0.1", r.Digest); err == nil || !strings.Contains(err.Error(), "not what was asked for") {
				t.Errorf("another version is %v", err)
			}
			w.ok(w.client.Mark(t.Context(), "acme/shop", "1.0.0", registry.Revoked, "bad", w.signer))
			if kept, err = w.client.Kept(t.Context(), "acme/shop", "1.0.0", r.Digest); err != nil || kept.Status.State != registry.Revoked {
				t.Errorf("what is known to be revoked is %v, %v", kept.Status, err)
			}
			w.ok(w.ring.Remove(t.Context(), "acme", w.signer.Fingerprint()))
			if _, err := w.client.Kept(t.Context(), "acme/shop", "1.0.0", r.Digest); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("of a publisher who is not trusted any more: %v", err)
			}
		})
	}
	w := newWorld(t, "file://"+t.TempDir(), oci.Options{})
	if _, err := w.client.Kept(t.Context(), "acme/shop", "1.0.0", "sha256:../../x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a cache: %v", err)
	}
}

// TestExport carries a release to somebody who cannot reach its registry, and one with a damaged byte.
func TestExport(t *testing.T) {
	w := newWorld(t, serve(t), oci.Options{})
	w.ok(w.publish("acme/shop", "1.0.0", "x"))
	r, err := w.client.Release(t.Context(), "acme/shop", "1.0.0")
	w.ok(err)
	blobs := oci.Blobs(t.TempDir())
	w.ok(r.Export(t.Context(), registry.Platform(), blobs))
	gone, err := oci.Dial("oci+http://127.0.0.1:1", oci.Options{Retries: -1})
	w.ok(err)
	there := registry.New(gone, registry.Reader{Ring: w.ring, Cache: filepath.Join(t.TempDir(), "cache")})
	s := must(t, store.Open)(t.TempDir())
	w.ok(there.Import(t.Context(), blobs, "acme/shop", "1.0.0", r.Digest, s))
	kept, err := there.Kept(t.Context(), "acme/shop", "1.0.0", r.Digest)
	w.ok(err)
	key, err := kept.Fetch(t.Context(), registry.Platform(), s)
	w.ok(err)
	w.ok(s.Verify(t.Context(), key))

	entries, err := os.ReadDir(string(blobs))
	w.ok(err)
	for _, e := range entries {
		w.damaged(blobs, e.Name(), r)
	}
}

// damaged demands that a release is refused when a byte of one object is another.
func (w *world) damaged(blobs oci.Blobs, name string, r *registry.Release) {
	w.Helper()
	path := filepath.Join(string(blobs), name)
	content, err := os.ReadFile(path)
	w.ok(err)
	content[len(content)/2]++
	w.ok(os.WriteFile(path, content, 0o644))
	there := registry.New(w.registry, registry.Reader{Ring: w.ring})
	s := must(w.T, store.Open)(w.TempDir())
	if err := there.Import(w.Context(), blobs, "acme/shop", "1.0.0", r.Digest, s); !errors.Is(err, oci.ErrDamaged) {
		w.Errorf("with a damaged %s: %v", name, err)
	}
	content[len(content)/2]--
	w.ok(os.WriteFile(path, content, 0o644))
}
