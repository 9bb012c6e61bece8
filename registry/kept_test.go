package registry_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/oci"
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
