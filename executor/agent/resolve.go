package agent

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/planner/lockfile"
	"github.com/nsynapse/recipe/planner/semver"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/providers/builtin/deb"
	"github.com/nsynapse/recipe/recipes"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/library"
)

// Resolved is what was chosen for a stack.
type Resolved struct {
	Lock        *solve.Lock // nil with errors
	File        string      // the path of the lock file
	Before      *lockfile.File
	After       *lockfile.File
	Newest      map[string]string   // the newest version that there is, by package, a prerelease only of those that are in one; without the user's own
	OS          map[string][]string // locked versions of packages of the operating system, those for this system
	Diagnostics []diag.Diagnostic
}

// Resolve chooses versions and implementations for the stack at q.Path, and nothing more: no agent, no store, no state. home
// is RECIPE_HOME, for the publishers that are trusted. With q.Fresh packages of the operating system are chosen too, which asks
// the package sources of this machine for what is not locked yet.
func Resolve(ctx context.Context, home string, q PlanRequest) (*Resolved, error) {
	lib := library.New(recipes.FS, nil, registry.ReaderOf(home))
	w, err := read(ctx, lib, q, true)
	if err != nil {
		if w != nil && errors.Is(err, errDiagnosed) {
			return &Resolved{Diagnostics: w.diagnostics()}, nil
		}
		return nil, err
	}
	r := &Resolved{Lock: w.input.Lock, File: filepath.Join(w.directory, lockfile.Name), Before: w.before, Newest: map[string]string{}, Diagnostics: w.diagnostics()}
	r.After = w.locked
	_ = w.source.Remember(ctx) // without it the next one verifies again
	if q.Fresh {
		if err := w.lockLoose(ctx, home); err != nil {
			return nil, err
		}
		r.Diagnostics = w.diagnostics()
	}
	if system, err := deb.ThisSystem(); err == nil {
		r.OS = r.After.OSVersions(system.String())
	}
	for name, locked := range r.After.Packages {
		versions, err := w.source.Versions(ctx, name)
		if err != nil {
			return nil, err
		}
		r.Newest[name] = newest(versions, locked)
	}
	return r, nil
}

// newest is the newest of the versions, which are newest first: of prereleases hears who has chosen one.
func newest(versions []*solve.Manifest, locked []lockfile.Package) string {
	ahead := slices.ContainsFunc(locked, func(p lockfile.Package) bool {
		v, err := semver.Parse(p.Version)
		return err == nil && v.IsPrerelease()
	})
	for _, m := range versions {
		if ahead || !m.Version.IsPrerelease() {
			return m.Version.String()
		}
	}
	return versions[0].Version.String()
}
