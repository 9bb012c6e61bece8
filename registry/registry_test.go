package registry_test

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/trust"
)

// everywhere runs a test with each kind of registry.
func everywhere(t *testing.T, test func(w *world)) {
	t.Run("directory", func(t *testing.T) { test(newWorld(t, "file://"+t.TempDir(), oci.Options{})) })
	t.Run("server", func(t *testing.T) { test(newWorld(t, serve(t), oci.Options{Retries: -1})) })
	t.Run("server with a log", func(t *testing.T) { test(newWorld(t, serveLogged(t), oci.Options{Retries: -1})) })
}

func TestPublishAndPull(t *testing.T) {
	everywhere(t, func(w *world) {
		for _, version := range []string{"1.0.0", "1.0.0-rc.1", "1.10.0", "1.9.0+linux.5"} {
			w.ok(w.publish("acme/shop", version, "content of "+version))
		}
		versions, err := w.client.Versions(w.Context(), "acme/shop")
		if got := fmt.Sprint(versions); err != nil || got != "[1.10.0 1.9.0+linux.5 1.0.0 1.0.0-rc.1]" {
			w.Errorf("versions: %s, %v", got, err)
		}
		for _, version := range []string{"1.0.0", "1.9.0+linux.5"} {
			if content, err := w.pull("acme/shop", version); err != nil || content != "content of "+version {
				w.Errorf("%s holds %q, %v", version, content, err)
			}
		}
		if _, err := w.client.Release(w.Context(), "acme/shop", "2.0.0"); !errors.Is(err, fs.ErrNotExist) {
			w.Errorf("a version that is not there: %v", err)
		}
		if versions, err := w.client.Versions(w.Context(), "acme/none"); len(versions) != 0 || err != nil {
			w.Errorf("a package that is not there: %v, %v", versions, err)
		}
		if names, err := w.registry.Names(w.Context()); err != nil || fmt.Sprint(names) != "[acme/shop recipe/log]" {
			w.Errorf("names: %v, %v", names, err)
		}
	})
}

func TestManifestTellsWhatASolverNeeds(t *testing.T) {
	everywhere(t, func(w *world) {
		w.ok(w.publish("acme/shop", "1.0.0", "x"))
		r, err := w.client.Release(w.Context(), "acme/shop", "1.0.0")
		w.ok(err)
		got := fmt.Sprint(r.Depends, r.Requires, r.Provides, r.Inputs) + r.Readme + string(r.Status.State)
		want := "[{acme/theme ^1.4}] [{database sql >= 1.0}] [{http 1.1.0}] [{theme string  \"light\"}]# A package\n\nIts\ttext.\navailable"
		if got != want {
			w.Errorf("got %s\nnot %s", got, want)
		}
	})
}

func TestPublishedVersionsNeverChange(t *testing.T) {
	everywhere(t, func(w *world) {
		w.ok(w.publish("acme/shop", "1.0.0", "first"))
		w.ok(w.publish("acme/shop", "1.0.0", "first"))
		if err := w.publish("acme/shop", "1.0.0", "second"); !errors.Is(err, registry.ErrPublished) {
			w.Errorf("published again: %v", err)
		}
		if content, err := w.pull("acme/shop", "1.0.0"); content != "first" || err != nil {
			w.Errorf("it holds %q, %v", content, err)
		}
	})
}

// TestConcurrentPublishes has many publish different content as one version: one wins, the others are told, and what is
// there is what the winner published.
func TestConcurrentPublishes(t *testing.T) {
	everywhere(t, func(w *world) {
		const publishers = 8
		errs := make([]error, publishers)
		var wait sync.WaitGroup
		for i := range publishers {
			m, files := w.packed("acme/shop", "1.0.0", fmt.Sprint("by ", i))
			wait.Go(func() { _, errs[i] = w.client.Publish(w.Context(), m, files, w.signer, nil) })
		}
		wait.Wait()
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner >= 0:
				w.Errorf("both %d and %d won", winner, i)
			case err == nil:
				winner = i
			case !errors.Is(err, registry.ErrPublished):
				w.Errorf("%d was told: %v", i, err)
			}
		}
		if content, err := w.pull("acme/shop", "1.0.0"); err != nil || content != fmt.Sprint("by ", winner) {
			w.Errorf("%q is there, and %d won, %v", content, winner, err)
		}
	})
}

func TestYankAndRevoke(t *testing.T) {
	everywhere(t, func(w *world) {
		w.ok(w.publish("acme/shop", "1.0.0", "x"))
		for _, state := range []registry.State{registry.Yanked, registry.Available, registry.Revoked} {
			w.ok(w.client.Mark(w.Context(), "acme/shop", "1.0.0", state, "because", w.signer))
			r, err := w.client.Release(w.Context(), "acme/shop", "1.0.0")
			w.ok(err)
			if r.Status.State != state || r.Status.Reason != "because" {
				w.Errorf("status: %+v", r.Status)
			}
			if _, err := w.pull("acme/shop", "1.0.0"); (err != nil) != (state == registry.Revoked) {
				w.Errorf("pulling what is %s: %v", state, err)
			}
		}
	})
}

func TestOnlyTrustedPublishers(t *testing.T) {
	everywhere(t, func(w *world) {
		w.ok(w.publish("acme/shop", "1.0.0", "x"))
		w.ok(w.ring.Remove(w.Context(), "acme", ""))
		var untrusted *trust.Untrusted
		if _, err := w.pull("acme/shop", "1.0.0"); !errors.As(err, &untrusted) || len(untrusted.Offered) != 1 {
			w.Errorf("nobody is trusted: %v", err)
		}
		w.ok(w.ring.Add(w.Context(), "acme", w.signer.Fingerprint()))
		if _, err := w.pull("acme/shop", "1.0.0"); err != nil {
			w.Errorf("trusted again: %v", err)
		}
		w.signer = must(w.T, trust.Keys(w.TempDir()).New)("acme")
		w.ok(w.publish("acme/shop", "2.0.0", "x"))
		if _, err := w.pull("acme/shop", "2.0.0"); !errors.As(err, &untrusted) {
			w.Errorf("signed by another who calls himself acme: %v", err)
		}
		if err := w.publish("other/shop", "1.0.0", "x"); err == nil {
			w.Error("acme published in the namespace of another")
		}
	})
}

func TestRotatedKey(t *testing.T) {
	everywhere(t, func(w *world) {
		w.ok(w.publish("acme/shop", "1.0.0", "old"))
		w.signer = must(w.T, w.keys.Rotate)("acme")
		w.ok(w.publish("acme/shop", "2.0.0", "new"))
		for version, want := range map[string]string{"2.0.0": "new", "1.0.0": "old"} {
			if content, err := w.pull("acme/shop", version); content != want || err != nil {
				w.Errorf("%s: %q, %v", version, content, err)
			}
		}
	})
}

// TestRevokedKey has a thief publish newer and newer versions with a stolen key, also after its revocation: whoever trusts that key
// and reads all this for the first time gets what the publisher has signed since.
func TestRevokedKey(t *testing.T) {
	w := newWorld(t, "file://"+t.TempDir(), oci.Options{})
	stolen := w.signer
	w.ok(w.publish("acme/shop", "1.0.0", "old"))
	w.signer = must(w.T, w.keys.Rotate)("acme")
	_, _, err := w.keys.Revoke("acme", stolen.Fingerprint())
	w.ok(err)
	w.signer = must(w.T, w.keys.Load)("acme")
	w.ok(w.publish("acme/shop", "1.0.1", "new"))
	w.signer = stolen
	for i := range 17 { // more than are read at a time
		w.ok(w.publish("acme/shop", fmt.Sprintf("9.%d.0", i), "stolen"))
	}
	newcomer := func() registry.Set {
		ring := trust.Open(filepath.Join(w.TempDir(), "trust.json"))
		w.ok(ring.Add(w.Context(), "acme", stolen.Fingerprint()))
		return registry.Set{registry.New(w.registry, registry.Reader{Ring: ring})}
	}
	all, err := newcomer().Releases(w.Context(), "acme/shop", nil)
	w.ok(err)
	if len(all) != 1 || all[0].Version.String() != "1.0.1" {
		w.Errorf("%d versions may be chosen, the first is %s", len(all), all[0].Version)
	}
	r, err := newcomer().Release(w.Context(), "acme/shop", "")
	if err != nil || r.Version.String() != "1.0.1" {
		w.Errorf("the newest: %v, %v", r, err)
	}

	// A release that was verified before the revocation was read is not fetched after it.
	set := newcomer()
	old, err := set.Release(w.Context(), "acme/shop", "9.0.0")
	w.ok(err)
	_, err = set.Release(w.Context(), "acme/shop", "1.0.1")
	w.ok(err)
	var untrusted *trust.Untrusted
	if err := old.FetchTo(w.Context(), registry.Platform(), w.TempDir()); !errors.As(err, &untrusted) || !untrusted.Revoked {
		w.Errorf("fetched with a revoked key: %v", err)
	}
}
