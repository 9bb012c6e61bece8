package registry_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/ledger"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/server"
)

// actor is a registry that shows what another one has.
type actor struct {
	oci.Registry
	shown oci.Registry
}

func (a *actor) Repository(name string) (oci.Repository, error) { return a.shown.Repository(name) }

// fork returns a registry with the same content as one in a directory, which goes its own way from now on.
func (w *world) fork() oci.Registry {
	w.Helper()
	dir := w.TempDir()
	w.ok(os.CopyFS(dir, os.DirFS(strings.TrimPrefix(w.registry.String(), "file://"))))
	return must(w.T, func(a string) (oci.Registry, error) { return oci.Dial(a, oci.Options{}) })("file://" + dir)
}

// as publishes in a registry as somebody who remembers nothing of it.
func (w *world) as(r oci.Registry, version, content string) {
	w.Helper()
	m, files := w.packed("acme/shop", version, content)
	_, err := registry.New(r, registry.Reader{}).Publish(w.Context(), m, files, w.signer, nil)
	w.ok(err)
}

// TestViews has a registry show one view of its log, and then each kind of another.
func TestViews(t *testing.T) {
	w := newWorld(t, "file://"+t.TempDir(), oci.Options{})
	w.as(w.registry, "1.0.0", "x")
	older := w.fork()
	forked := w.fork()
	w.as(forked, "1.1.0", "shown to others")
	w.as(forked, "1.2.0", "shown to others")
	rewritten := must(t, func(a string) (oci.Registry, error) { return oci.Dial(a, oci.Options{}) })("file://" + t.TempDir())
	for _, version := range []string{"0.9.0", "1.0.0", "1.1.0"} {
		w.as(rewritten, version, "x")
	}
	w.as(w.registry, "1.1.0", "shown to me")
	_, err := w.pull("acme/shop", "1.1.0")
	w.ok(err)
	for what, c := range map[string]struct {
		shown oci.Registry
		want  string
	}{
		"the same":  {w.registry, ""},
		"older":     {older, "its log is an older one: it has 1 records, and there were 2"},
		"forked":    {forked, "its log was rewritten, or is another one"},
		"rewritten": {rewritten, "its log was rewritten, or is another one"},
		"none":      {must(t, func(a string) (oci.Registry, error) { return oci.Dial(a, oci.Options{}) })("file://" + t.TempDir()), "it has 0 records"},
	} {
		_, err := registry.New(&actor{w.registry, c.shown}, registry.Reader{Ring: w.ring, Memory: w.memory}).Log(t.Context())
		var changed *registry.Changed
		if (err == nil) != (c.want == "") || err != nil && (!errors.As(err, &changed) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestTwoCompare has a registry show different things to two people from the first time on.
func TestTwoCompare(t *testing.T) {
	w := newWorld(t, "file://"+t.TempDir(), oci.Options{})
	w.as(w.registry, "1.0.0", "x")
	other := w.fork()
	w.as(w.registry, "1.1.0", "for one")
	w.as(other, "1.1.0", "for the other")
	w.as(other, "1.2.0", "for the other")
	mine, err := w.client.Audit(t.Context(), ledger.Head{})
	w.ok(err)
	if len(mine.Problems) > 0 {
		t.Errorf("each view is sound in itself: %q", mine.Problems)
	}
	seen, err := ledger.ParseHead(mine.Head)
	w.ok(err)
	theirs, err := registry.New(other, registry.Reader{Ring: w.ring}).Audit(t.Context(), seen)
	w.ok(err)
	if len(theirs.Problems) != 1 || !strings.Contains(theirs.Problems[0], "is another one") {
		t.Errorf("the other view: %q", theirs.Problems)
	}
}

// TestNotInTheLog has registries show what their logs do not answer for, to somebody who sees them for the first time.
func TestNotInTheLog(t *testing.T) {
	everywhere(t, func(w *world) {
		w.ok(w.publish("acme/shop", "1.0.0", "x"))
		w.ok(w.client.Mark(w.Context(), "acme/shop", "1.0.0", registry.Yanked, "bad", w.signer))
		w.ok(w.publish("acme/shop", "1.1.0", "y"))
		repository := must(w.T, w.registry.Repository)("acme/shop")
		d := must(w.T, func(tag string) (v1.Descriptor, error) { return repository.Resolve(w.Context(), tag) })("1.1.0")
		content, err := oci.Read(w.Context(), repository, d, 1<<20)
		w.ok(err)
		w.ok(repository.Tag(w.Context(), d, content, "1.3.0", false)) // past the log
		two := &twoFaced{Registry: w.registry, hide: "_status.1.0.0", old: map[string]v1.Descriptor{}}
		fresh := registry.New(two, registry.Reader{Ring: w.ring})
		for version, want := range map[string]string{"1.0.0": "another status of it, sha256:", "1.1.0": "", "1.3.0": "not what was asked for"} {
			_, err := fresh.Release(w.Context(), "acme/shop", version)
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				w.Errorf("%s: %v", version, err)
			}
		}
		two.hide, two.old["1.1.0"] = "1.0.0", d
		a, err := fresh.Audit(w.Context(), ledger.Head{})
		w.ok(err)
		want := []string{"acme/shop 1.0.0 is in the log and not shown"}
		if !a.Kept { // such a server lets nothing past its log
			want = append(want, "acme/shop 1.3.0 is shown and not in the log")
		}
		if !slices.Equal(a.Problems, want) {
			w.Errorf("the audit found %q", a.Problems)
		}
	})
}

// TestPublishedPastTheLog takes the log back to before a version was published.
func TestPublishedPastTheLog(t *testing.T) {
	w := newWorld(t, "file://"+t.TempDir(), oci.Options{})
	w.as(w.registry, "1.0.0", "x")
	before := filepath.Join(strings.TrimPrefix(w.fork().String(), "file://"), "recipe")
	w.as(w.registry, "1.1.0", "y")
	log := filepath.Join(strings.TrimPrefix(w.registry.String(), "file://"), "recipe")
	w.ok(os.RemoveAll(log))
	w.ok(os.CopyFS(log, os.DirFS(before)))
	var unlogged *registry.Unlogged
	if _, err := w.pull("acme/shop", "1.1.0"); !errors.As(err, &unlogged) || !strings.Contains(err.Error(), "not in the log of the registry") {
		t.Errorf("a version that is not in the log: %v", err)
	}
	w.as(w.registry, "1.1.0", "y") // the same again
	if content, err := w.pull("acme/shop", "1.1.0"); err != nil || content != "y" {
		t.Errorf("after it was recorded: %q, %v", content, err)
	}
}

// serveLogged runs a real registry that keeps its log itself.
func serveLogged(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	return serveWith(t, dir, server.Options{Directory: dir})
}

// TestServerKeepsTheLog has a publisher write the log of a server, and the server begin another one with another key.
func TestServerKeepsTheLog(t *testing.T) {
	w := newWorld(t, serveLogged(t), oci.Options{Retries: -1})
	w.ok(w.publish("acme/shop", "1.0.0", "x"))
	l, err := w.client.Log(t.Context())
	w.ok(err)
	if l.Head.Size != 1 || !ledger.KeptByServer(l.Head.Key) {
		t.Fatalf("the log: %v by %s", l.Head, l.Head.Key)
	}
	if _, err := ledger.Append(t.Context(), w.registry, ledger.Record{Repository: "a/b", Tag: "1", Digest: l.Records[0].Digest}, w.signer); !errors.Is(err, ledger.ErrKept) {
		t.Errorf("a publisher appended: %v", err)
	}
	repository := must(t, w.registry.Repository)(ledger.Repository)
	if err := repository.Push(t.Context(), oci.Describe("text/plain", []byte("x")), []byte("x")); !errors.Is(err, oci.ErrDenied) {
		t.Errorf("a publisher pushed into the log: %v", err)
	}
	other := must(t, func(a string) (oci.Registry, error) { return oci.Dial(a, oci.Options{}) })(serveLogged(t))
	w.as(other, "1.0.0", "x") // the same record under the key of another server
	var changed *registry.Changed
	_, err = registry.New(&actor{w.registry, other}, registry.Reader{Ring: w.ring, Memory: w.memory}).Log(t.Context())
	if !errors.As(err, &changed) || !strings.Contains(err.Error(), "another key") {
		t.Errorf("the log of another server: %v", err)
	}
}

// overtaken is a registry where something happens as soon as a tag was put.
type overtaken struct {
	oci.Registry
	tag  string
	then func()
}

type overtakenRepository struct {
	oci.Repository
	of *overtaken
}

func (o *overtaken) Repository(name string) (oci.Repository, error) {
	r, err := o.Registry.Repository(name)
	return overtakenRepository{r, o}, err
}

func (r overtakenRepository) Tag(ctx context.Context, d v1.Descriptor, content []byte, tag string, replace bool) error {
	err := r.Repository.Tag(ctx, d, content, tag, replace)
	if tag == r.of.tag {
		r.of.then()
	}
	return err
}

// TestOvertakenInTheLog has somebody take the place of a record in the log just when a version is published, as it can happen where
// tags can be replaced. Who remembers nothing records it again; who has seen the other log is told at once.
func TestOvertakenInTheLog(t *testing.T) {
	w := newWorld(t, "file://"+t.TempDir(), oci.Options{})
	w.as(w.registry, "1.0.0", "x")
	log := filepath.Join(strings.TrimPrefix(w.registry.String(), "file://"), "recipe")
	overtake := func(version string) *overtaken {
		before := filepath.Join(strings.TrimPrefix(w.fork().String(), "file://"), "recipe")
		return &overtaken{w.registry, version, func() {
			w.ok(os.RemoveAll(log))
			w.ok(os.CopyFS(log, os.DirFS(before)))
			_, err := ledger.Append(t.Context(), w.registry, ledger.Record{Repository: "acme/other", Tag: version, Digest: digest.FromString(version)}, w.signer)
			w.ok(err)
		}}
	}
	w.as(overtake("1.1.0"), "1.1.0", "y")
	if content, err := w.pull("acme/shop", "1.1.0"); err != nil || content != "y" {
		t.Errorf("recorded again: %q, %v", content, err)
	}
	m, files := w.packed("acme/shop", "1.2.0", "z")
	_, err := registry.New(overtake("1.2.0"), registry.Reader{Ring: w.ring, Memory: w.memory}).Publish(t.Context(), m, files, w.signer, nil)
	var changed *registry.Changed
	if !errors.As(err, &changed) || !strings.Contains(err.Error(), "is not in the log of the registry any more") {
		t.Errorf("overtaken: %v", err)
	}
}
