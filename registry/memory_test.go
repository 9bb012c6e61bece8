package registry_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/oci"
)

// twoFaced is a registry that goes back to an older view when it is told to.
type twoFaced struct {
	oci.Registry
	hide string                   // a tag that is not shown
	old  map[string]v1.Descriptor // what tags stand for instead
}

func (f *twoFaced) Repository(name string) (oci.Repository, error) {
	inner, err := f.Registry.Repository(name)
	return &face{inner, f}, err
}

type face struct {
	oci.Repository
	of *twoFaced
}

func (f *face) Tags(ctx context.Context) ([]string, error) {
	tags, err := f.Repository.Tags(ctx)
	var shown []string
	for _, tag := range tags {
		if tag != f.of.hide {
			shown = append(shown, tag)
		}
	}
	return shown, err
}

func (f *face) Resolve(ctx context.Context, tag string) (v1.Descriptor, error) {
	if d, ok := f.of.old[tag]; ok {
		return d, nil
	}
	if tag == f.of.hide {
		return f.Repository.Resolve(ctx, "none")
	}
	return f.Repository.Resolve(ctx, tag)
}

// TestOlderView has a registry show an older view to somebody who saw the newer one.
func TestOlderView(t *testing.T) {
	everywhere(t, func(w *world) {
		two := &twoFaced{Registry: w.registry, old: map[string]v1.Descriptor{}}
		w.client = registry.New(two, registry.Reader{Ring: w.ring, Memory: w.memory})
		w.ok(w.publish("acme/shop", "1.0.0", "x"))
		w.ok(w.client.Mark(w.Context(), "acme/shop", "1.0.0", registry.Yanked, "first", w.signer))
		repository := must(w.T, w.registry.Repository)("acme/shop")
		first := must(w.T, func(tag string) (v1.Descriptor, error) { return repository.Resolve(w.Context(), tag) })("_status.1.0.0")
		w.ok(w.client.Mark(w.Context(), "acme/shop", "1.0.0", registry.Revoked, "second", w.signer))
		look := func() error {
			if _, err := w.client.Versions(w.Context(), "acme/shop"); err != nil {
				return err
			}
			_, err := w.client.Release(w.Context(), "acme/shop", "1.0.0")
			return err
		}
		w.ok(look())
		w.foundOut("a hidden status", two, "_status.1.0.0", nil, look)
		w.foundOut("an older status", two, "", map[string]v1.Descriptor{"_status.1.0.0": first}, look)
		w.foundOut("a hidden version", two, "1.0.0", nil, look)
		w.ok(look())
	})
}

// foundOut has the registry show an older view and demands that it is told.
func (w *world) foundOut(what string, two *twoFaced, hide string, old map[string]v1.Descriptor, look func() error) {
	w.Helper()
	two.hide, two.old = hide, old
	var changed *registry.Changed
	if err := look(); !errors.As(err, &changed) {
		w.Errorf("%s: %v", what, err)
	}
	two.hide, two.old = "", nil
}

// TestChangedVersion publishes other content as a version that was seen, with the right key, in a registry that forgot
// the first.
func TestChangedVersion(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, "file://"+dir, oci.Options{})
	w.ok(w.publish("acme/shop", "1.0.0", "first"))
	if _, err := w.pull("acme/shop", "1.0.0"); err != nil {
		t.Fatal(err)
	}
	w.ok(os.RemoveAll(filepath.Join(dir, "acme")))
	w.ok(os.RemoveAll(filepath.Join(dir, "recipe"))) // the log
	m, files := w.packed("acme/shop", "1.0.0", "second")
	_, err := registry.New(w.registry, registry.Reader{}).Publish(t.Context(), m, files, w.signer, nil)
	w.ok(err)
	var changed *registry.Changed
	for _, file := range []string{"the package", "the log"} {
		if _, err := w.pull("acme/shop", "1.0.0"); !errors.As(err, &changed) || !strings.Contains(err.Error(), changed.File) {
			t.Fatalf("a changed version: %v", err)
		}
		t.Logf("%s is remembered in %s", file, changed.File)
		w.ok(os.Remove(changed.File))
	}
	if content, err := w.pull("acme/shop", "1.0.0"); err != nil || content != "second" {
		t.Errorf("after it was forgotten: %q, %v", content, err)
	}
}
