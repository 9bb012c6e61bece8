package registry_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/server"
)

// listing is what a fresh client, as that of another command, may choose from, and how many requests that took.
func (w *world) listing(way *counted, cache string) (versions string, requests int32, err error) {
	w.Helper()
	before := way.requests.Load()
	c := registry.New(w.registry, registry.Reader{Ring: w.ring, Memory: w.memory, Cache: cache})
	all, err := registry.Set{c}.Releases(w.Context(), "acme/shop", nil)
	for _, r := range all {
		versions += r.Version.String() + " "
	}
	if err == nil {
		w.ok(c.Remember(w.Context()))
	}
	return strings.TrimSpace(versions), way.requests.Load() - before, err
}

// TestUnchanged asks a registry again and again: only the log as long as nothing was put there, and all that counts as soon as
// something was.
func TestUnchanged(t *testing.T) {
	var way counted
	w := newWorld(t, serveWith(t, t.TempDir(), server.Options{}), oci.Options{Transport: &way, Retries: -1})
	cache := filepath.Join(t.TempDir(), "cache")
	expect := func(when, want string, few bool) {
		t.Helper()
		got, requests, err := w.listing(&way, cache)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", when, got, err, want)
		}
		if (requests <= 5) != few {
			t.Errorf("%s: %d requests", when, requests)
		}
	}
	for _, version := range []string{"1.0.0", "1.1.0", "1.2.0"} {
		w.ok(w.publish("acme/shop", version, version))
	}
	expect("the first time", "1.2.0 1.1.0 1.0.0", false)
	if _, _, err := w.listing(&way, cache); err != nil { // the keys that came with the packages were new
		t.Error(err)
	}
	expect("again", "1.2.0 1.1.0 1.0.0", true)
	w.ok(w.publish("acme/shop", "1.3.0", "new"))
	expect("with a new version", "1.3.0 1.2.0 1.1.0 1.0.0", false)
	expect("with a new version, again", "1.3.0 1.2.0 1.1.0 1.0.0", true)
	w.ok(w.client.Mark(t.Context(), "acme/shop", "1.3.0", registry.Yanked, "bad", w.signer))
	expect("with a yanked version", "1.2.0 1.1.0 1.0.0", false)
	expect("with a yanked version, again", "1.2.0 1.1.0 1.0.0", true)
	w.ok(w.publish("acme/other", "1.0.0", "other"))
	expect("with another package", "1.2.0 1.1.0 1.0.0", true)

	w.ok(w.ring.Remove(t.Context(), "acme", w.signer.Fingerprint()))
	expect("of a key that was removed", "", false)
	w.ok(w.ring.Add(t.Context(), "acme", w.signer.Fingerprint()))
	expect("trusted again", "1.2.0 1.1.0 1.0.0", true)
}

// TestProofs has somebody change what was noted of releases: that is worth nothing for another index, and what cannot be read is
// verified again.
func TestProofs(t *testing.T) {
	var way counted
	w := newWorld(t, serve(t), oci.Options{Transport: &way, Retries: -1})
	seen := t.TempDir()
	w.memory = registry.OpenMemory(seen)
	w.ok(w.publish("acme/shop", "1.0.0", "x"))
	if got, _, err := w.listing(&way, ""); got != "1.0.0" {
		t.Fatal(got, err)
	}
	if got, _, err := w.listing(&way, ""); got != "1.0.0" {
		t.Fatal(got, err)
	}
	files, err := filepath.Glob(filepath.Join(seen, "*.json"))
	w.ok(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		w.ok(err)
		if !strings.Contains(string(text), `"releases"`) {
			continue
		}
		for what, changed := range map[string]string{
			"another index": strings.Replace(string(text), `"digest":"sha256:`, `"digest":"sha256:0000`, 1),
			"another name":  strings.Replace(string(text), `"manifest":{"name":"acme/shop"`, `"manifest":{"name":"acme/other"`, 1),
			"half of it":    string(text[:len(text)/2]),
		} {
			w.ok(os.WriteFile(file, []byte(changed), 0o644))
			if got, _, err := w.listing(&way, ""); err != nil || got != "1.0.0" {
				t.Errorf("%s: %q, %v", what, got, err)
			}
		}
		return
	}
	t.Error("nothing was noted")
}
