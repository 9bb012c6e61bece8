package registry_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/server"
	"github.com/nsynapse/recipe/registry/server/objects"
	"github.com/nsynapse/recipe/registry/store"
	"github.com/nsynapse/recipe/registry/trust"
)

// world is a publisher acme, a user who trusts acme, and a registry between them.
type world struct {
	*testing.T
	registry oci.Registry
	client   *registry.Client
	keys     trust.Keys
	signer   *trust.Signer
	ring     *trust.Keyring
	memory   *registry.Memory
}

func newWorld(t *testing.T, address string, o oci.Options) *world {
	t.Helper()
	w := &world{T: t, keys: trust.Keys(t.TempDir()), ring: trust.Open(filepath.Join(t.TempDir(), "trust.json"))}
	w.signer = must(t, w.keys.New)("acme")
	w.memory = registry.OpenMemory(filepath.Join(t.TempDir(), "seen"))
	w.ok(w.ring.Add(t.Context(), "acme", w.signer.Fingerprint()))
	w.reach(address, o)
	return w
}

// reach has the world ask the registry at an address from now on, in that way.
func (w *world) reach(address string, o oci.Options) {
	w.Helper()
	w.registry = must(w.T, func(a string) (oci.Registry, error) { return oci.Dial(a, o) })(address)
	w.client = registry.New(w.registry, registry.Reader{Ring: w.ring, Memory: w.memory})
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// must is f for calls that do not fail.
func must[A, R any](t *testing.T, f func(A) (R, error)) func(A) R {
	return func(a A) R {
		t.Helper()
		r, err := f(a)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// serve runs a real registry as long as the test, and returns its address. Publishers keep its log.
func serve(t *testing.T) string {
	t.Helper()
	return serveWith(t, t.TempDir(), server.Options{})
}

// serveWith is serve for the packages in a directory.
func serveWith(t *testing.T, dir string, o server.Options) string {
	t.Helper()
	inner := must(t, func(dir string) (http.Handler, error) { return objects.New(t.Context(), dir) })(dir)
	guarded := must(t, func(o server.Options) (http.Handler, error) { return server.Guard(inner, o) })(o)
	s := httptest.NewServer(guarded)
	t.Cleanup(s.Close)
	return "oci+" + s.URL + "/team"
}

// lay makes the directory of a package, whose file "payload" has the content.
func (w *world) lay(name, version, content string) string {
	w.Helper()
	dir := w.TempDir()
	w.ok(os.WriteFile(filepath.Join(dir, "recipe.hcl"), []byte(`
package {
  name        = "`+name+`"
  version     = "`+version+`"
  description = "For tests."
}
depends "acme/theme" { version = "^1.4" }
requires "database" {
  service = "sql"
  version = ">= 1.0"
}
provides "http" {
  version = "1.1"
  port    = port.web
}
input "theme" {
  type    = string
  default = "light"
}
port "web" {}
process "web" { command = ["true"] }
`), 0o644))
	w.ok(os.WriteFile(filepath.Join(dir, "README.md"), []byte("# A package\n\nIts\ttext.\n"), 0o644))
	w.ok(os.WriteFile(filepath.Join(dir, "payload"), []byte(content), 0o755))
	return dir
}

// packed is a package that is ready to be published.
func (w *world) packed(name, version, content string) (*registry.Manifest, registry.Files) {
	w.Helper()
	dir := w.lay(name, version, content)
	m, diags := registry.Describe(os.DirFS(dir))
	if diags.HasErrors() {
		w.Fatal(diags)
	}
	files, err := registry.PackAll(w.Context(), m, map[string]string{registry.AnyPlatform: dir}, w.TempDir())
	w.ok(err)
	return m, files
}

func (w *world) publish(name, version, content string) error {
	w.Helper()
	m, files := w.packed(name, version, content)
	_, err := w.client.Publish(w.Context(), m, files, w.signer, nil)
	return err
}

// pull gets a version into a store and returns the content of its file "payload".
func (w *world) pull(name, version string) (string, error) {
	w.Helper()
	r, err := w.client.Release(w.Context(), name, version)
	if err != nil {
		return "", err
	}
	s := must(w.T, store.Open)(w.TempDir())
	key, err := r.Fetch(w.Context(), registry.Platform(), s)
	if err != nil {
		return "", err
	}
	path, err := s.Sound(w.Context(), key)
	w.ok(err)
	content, err := os.ReadFile(filepath.Join(path, "payload"))
	return string(content), err
}
