package registry_test

import (
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/oci"
)

// counted counts requests.
type counted struct{ requests atomic.Int32 }

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return http.DefaultTransport.RoundTrip(r)
}

// TestCache looks at a version three times: asked for everything, asked only for what its tags stand for, and asked again
// for what was damaged on this disk.
func TestCache(t *testing.T) {
	var way counted
	w := newWorld(t, serve(t), oci.Options{Transport: &way, Retries: -1})
	w.ok(w.publish("acme/shop", "1.0.0", "x"))
	cache := filepath.Join(t.TempDir(), "cache")
	w.client = registry.New(w.registry, registry.Reader{Ring: w.ring, Memory: w.memory, Cache: cache})
	look := func() int32 {
		t.Helper()
		before := way.requests.Load()
		_, err := w.client.Release(t.Context(), "acme/shop", "1.0.0")
		w.ok(err)
		return way.requests.Load() - before
	}
	if first, second := look(), look(); first < 6 || second != 2 {
		t.Errorf("%d requests, then %d", first, second)
	}
	entries, err := os.ReadDir(cache)
	w.ok(err)
	for _, e := range entries {
		w.ok(os.WriteFile(filepath.Join(cache, e.Name()), []byte("damaged"), 0o644))
	}
	if third, fourth := look(), look(); third < 6 || fourth != 2 {
		t.Errorf("after damage: %d requests, then %d", third, fourth)
	}
	if content, err := w.pull("acme/shop", "1.0.0"); content != "x" || err != nil {
		t.Errorf("it holds %q, %v", content, err)
	}
}
