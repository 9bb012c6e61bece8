// Package library finds packages that need no registry: those in the box and those in local directories. It puts
// their files into the store, so that what runs does not depend on the user's directory, and loads recipes from
// there.
package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/store"
)

// Library is the packages in the box and those of local directories. It is safe for concurrent use.
type Library struct {
	store  *store.Store
	reader registry.Reader
	box    *box
}

// Package is one package with its files.
type Package struct {
	Recipe   *config.Recipe
	Manifest *solve.Manifest
	files    fs.FS
	// directory is where a local package lies, or one that was got by an address; "" for one in the box.
	directory string
	pin       string // what an address stood for; "" for others
}

var _ solve.Source = (*Library)(nil)

// New returns the library of the packages in box, one directory each. A nil store is enough for looking, not for Put. The
// reader is who reads registries.
func New(box fs.FS, s *store.Store, reader registry.Reader) *Library {
	return &Library{store: s, reader: reader, box: newBox(box)}
}

// open loads the recipe in files; prefix is put before file names in ranges. Diagnostics have the sources of a recipe that is not
// returned with them.
func open(files fs.FS, origin, prefix string) (*Package, hcl.Diagnostics) {
	r, diags := config.LoadRecipe(below{files, prefix}, prefix)
	if diags.HasErrors() {
		for _, d := range diags {
			d.Extra = diag.Sources(r.Sources)
		}
		return nil, diags
	}
	return &Package{Recipe: r, Manifest: manifest(r, origin), files: files}, diags
}

// below shows files as if they lay in the directory prefix, so that messages name them as the user does.
type below struct {
	files  fs.FS
	prefix string
}

var _ fs.StatFS = below{}

func (b below) Open(name string) (fs.File, error) {
	inner, err := b.inner("open", name)
	if err != nil {
		return nil, err
	}
	return b.files.Open(inner)
}

// Stat looks without opening, which may block.
func (b below) Stat(name string) (fs.FileInfo, error) {
	inner, err := b.inner("stat", name)
	if err != nil {
		return nil, err
	}
	return fs.Stat(b.files, inner)
}

func (b below) inner(op, name string) (string, error) {
	inner, ok := strings.CutPrefix(name, b.prefix+"/")
	if !ok {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return inner, nil
}

func manifest(r *config.Recipe, origin string) *solve.Manifest {
	m := &solve.Manifest{Name: r.Name, Version: r.Version, Origin: origin, Coexist: r.Coexist, Platforms: r.Platforms,
		Plugin: r.Kind == config.PluginKind}
	if c := r.Requires; c != nil {
		m.Recipe = &solve.Recipe{Text: c.Text, Constraint: c.Check, Range: c.Range}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Depends)) {
		d := solve.Dependency{Package: name, Range: r.Depends[name].Range}
		if c := r.Depends[name].Constraint; c != nil {
			d.Text, d.Constraint = c.Text, c.Check
		}
		m.Depends = append(m.Depends, d)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Providers)) {
		if p := r.Providers[name]; p.Published() {
			m.Uses = append(m.Uses, Use(p))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Requirements)) {
		required := r.Requirements[name]
		q := solve.Requirement{Name: name, Service: required.Service, Range: required.Range}
		if c := required.Constraint; c != nil {
			q.Text, q.Constraint = c.Text, c.Check
		}
		m.Requires = append(m.Requires, q)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Provides)) {
		m.Provides = append(m.Provides, solve.Service{Name: name, Version: r.Provides[name].Version})
	}
	return m
}

// Use is the need for a plugin that is published.
func Use(p *config.Provider) solve.Dependency {
	d := solve.Dependency{Package: p.Name, Range: p.Range}
	if c := p.Constraint; c != nil {
		d.Text, d.Constraint, d.Range = c.Text, c.Check, c.Range
	}
	return d
}

// Versions lists the versions in the box, of which there is one at most.
func (l *Library) Versions(_ context.Context, name string) ([]*solve.Manifest, error) {
	p, err := l.box.open(name)
	if p == nil || err != nil {
		return nil, err
	}
	return []*solve.Manifest{p.Manifest}, nil
}

// Names lists the packages in the box, for "did you mean".
func (l *Library) Names() []string { return l.box.names() }

// Implementations lists the packages in the box that provide a service; the one of that name, or else the first of
// the alphabet, is the default.
func (l *Library) Implementations(_ context.Context, service string) ([]string, error) {
	return l.box.providing(service)
}

// Local loads the package in a directory of the user's; source is how the stack names it.
func (l *Library) Local(directory, source string) (*Package, hcl.Diagnostics) {
	info, err := os.Stat(directory)
	if err != nil || !info.IsDir() {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "No package there",
			Detail: fmt.Sprintf("There is no directory %s. A source is a directory with a recipe.hcl, relative to the stack file.", source)}}
	}
	p, diags := open(os.DirFS(directory), source, filepath.ToSlash(filepath.Clean(source)))
	if p != nil {
		p.directory = directory
	}
	return p, diags
}

// Pin is what the address of a package stood for, a digest or the id of a commit, when it is a moving one; "" for all
// others.
func (p *Package) Pin() string {
	if p == nil {
		return ""
	}
	return p.pin
}

// Directory is where a local package lies; "" for one in the box.
func (p *Package) Directory() string {
	if p == nil {
		return ""
	}
	return p.directory
}

// Put puts the files of a locked package into the store and returns their key. local holds the packages of local
// directories by their origin.
func (l *Library) Put(ctx context.Context, locked solve.Package, local map[string]*Package) (key string, err error) {
	p := l.find(locked, local)
	if p == nil {
		return "", fmt.Errorf("the package %s %s from %s is not there any more", locked.Name, locked.Version, locked.Origin)
	}
	if p.directory != "" {
		key, _, err = l.store.AddTree(ctx, p.directory, nil)
	} else {
		key, _, err = l.store.AddFS(ctx, p.files)
	}
	if err != nil {
		return "", fmt.Errorf("cannot keep the files of %s: %w", locked.Name, err)
	}
	return key, nil
}

// find returns a locked package where it was found, or nil.
func (l *Library) find(locked solve.Package, local map[string]*Package) *Package {
	if p := local[locked.Origin]; p != nil {
		return p
	}
	p, _ := l.box.open(locked.Name) // what cannot be read was said when it was solved
	if p == nil || p.Recipe.Version.String() != locked.Version {
		return nil
	}
	return p
}

// Loose returns the packages of a lock from where they were found, for looking at them without a store; their paths
// are made up.
func (l *Library) Loose(lock *solve.Lock, local map[string]*Package) []eval.Package {
	packages := make([]eval.Package, len(lock.Packages))
	for i, locked := range lock.Packages {
		if p := l.find(locked, local); p != nil {
			packages[i] = looseOf(locked, p)
		}
	}
	return packages
}

func looseOf(locked solve.Package, p *Package) eval.Package {
	return packageOf(p.Recipe, "/store/"+locked.Name, p.files)
}

func packageOf(recipe *config.Recipe, root string, files fs.FS) eval.Package {
	return eval.Package{Recipe: recipe, Path: root,
		Read: func(name string) ([]byte, error) { return fs.ReadFile(files, name) },
		Has: func(name string) bool {
			_, err := fs.Stat(files, name)
			return !errors.Is(err, fs.ErrNotExist)
		}}
}

// Open loads the packages of a lock from the store. Every byte of each is held against its key first, so nothing is
// read or run from a package that was damaged meanwhile.
func (l *Library) Open(ctx context.Context, lock *solve.Lock) ([]eval.Package, hcl.Diagnostics) {
	packages := make([]eval.Package, len(lock.Packages))
	var diags hcl.Diagnostics
	for i, locked := range lock.Packages {
		root, ok := l.store.Path(locked.Digest)
		if err := l.store.Verify(ctx, locked.Digest); err != nil || !ok {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Package cannot be used",
				Detail: fmt.Sprintf("%s %s: %v. Plan again: it is put there anew.", locked.Name, locked.Version, err)})
			continue
		}
		files := os.DirFS(root)
		p, more := open(files, locked.Origin, prefixOf(locked))
		diags = append(diags, more...)
		if p != nil {
			packages[i] = packageOf(p.Recipe, root, files)
		}
	}
	return packages, diags
}

func prefixOf(p solve.Package) string {
	switch {
	case p.Origin == "library":
		return "recipes/" + path.Base(p.Name)
	case strings.Contains(p.Origin, "://"):
		return p.Name + "@" + p.Version
	}
	return filepath.ToSlash(filepath.Clean(p.Origin))
}

// Sources lists the texts of the packages' files under the names that diagnostics use, for snippets.
func Sources(packages []eval.Package, into map[string][]byte) {
	for i := range packages {
		if packages[i].Recipe == nil {
			continue
		}
		for name, text := range packages[i].Recipe.Sources {
			into[name] = text
		}
	}
}

// Suggest finds the package that a user may have meant.
func (l *Library) Suggest(name string) string { return diag.DidYouMean(name, l.Names()) }
