package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/planner/lockfile"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/recipes"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/library"
)

// maxLock bounds the size of a lock file, in bytes.
const maxLock = 256 << 10

// Resolved is what was chosen for a stack.
type Resolved struct {
	Lock        *solve.Lock // nil with errors
	File        string      // the path of the lock file
	Before      *lockfile.File
	After       *lockfile.File
	Newest      map[string]string // the newest version that there is, by package; without the user's own
	Diagnostics []diag.Diagnostic
}

// Resolve chooses versions and implementations for the stack at q.Path, and nothing more: no agent, no store, no state. home
// is RECIPE_HOME, for the publishers that are trusted.
func Resolve(ctx context.Context, home string, q PlanRequest) (*Resolved, error) {
	lib := library.New(recipes.FS, nil, registry.ReaderOf(home))
	w, err := read(ctx, lib, q, true)
	if err != nil {
		if w != nil && errors.Is(err, errDiagnosed) {
			return &Resolved{Diagnostics: w.diagnostics()}, nil
		}
		return nil, err
	}
	before, _ := readLock(w.directory, nil, w.sources) // what is wrong with it does not matter when all of it is upgraded
	r := &Resolved{Lock: w.input.Lock, File: filepath.Join(w.directory, lockfile.Name), Before: before, Newest: map[string]string{}, Diagnostics: w.diagnostics()}
	r.After = lockfile.Of(r.Lock, func(origin string) bool { return w.local[origin] != nil })
	for _, c := range w.input.Stack.Components {
		if pin := w.local[c.Source].Pin(); pin != "" {
			r.After.Sources[c.Source] = pin
		}
	}
	for name := range r.After.Versions {
		versions, err := w.source.Versions(ctx, name)
		if err != nil {
			return nil, err
		}
		r.Newest[name] = versions[0].Version.String()
	}
	return r, nil
}

// readLock reads the lock file beside a stack; what is to be upgraded is not in the result. Without a file nothing is
// locked.
func readLock(directory string, upgrade []string, sources map[string][]byte) (*lockfile.File, hcl.Diagnostics) {
	if slices.Contains(upgrade, "*") {
		return &lockfile.File{}, nil
	}
	path := filepath.Join(directory, lockfile.Name)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &lockfile.File{}, nil
	}
	var text []byte
	switch {
	case err != nil:
	case !info.Mode().IsRegular() || info.Size() > maxLock:
		err = fmt.Errorf("%s is not a file of at most %d bytes", lockfile.Name, maxLock)
	default:
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return &lockfile.File{}, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Cannot read the lock file", Detail: err.Error() + "."}}
	}
	sources[lockfile.Name] = text
	locked, diags := lockfile.Parse(text, lockfile.Name)
	for _, name := range upgrade {
		locked.Without(name)
	}
	return locked, diags
}
