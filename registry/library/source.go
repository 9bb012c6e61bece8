package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/sync/errgroup"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/lockfile"
	"github.com/nsynapse/recipe/planner/semver"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/archive"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/trust"
)

// Source is the library together with the registries of one stack and what is locked. A package with a namespace is looked for
// in the registries, and one without in the box. Each is looked up once, so that what was solved is what is put into the
// store. It is safe for concurrent use.
type Source struct {
	*Library
	set    registry.Set
	names  map[string]string // of the registries as the stack writes them, by address
	locked *lockfile.File
	fresh  bool // ask the registries also about what is locked

	mu       sync.Mutex
	releases map[string][]*registry.Release // by package
	kept     bool                           // some package was not asked for, because it is locked
}

var (
	_ solve.Source  = (*Source)(nil)
	_ solve.Excuser = (*Source)(nil)
)

// With returns the library together with registries. An address that begins with a dot is a directory relative to base.
// A package whose locked versions are all kept on this machine has these versions only, and no registry is asked for it, until
// Ask is called. Versions that are locked stay to be chosen when they are yanked; other bits than those that are locked are
// refused.
func (l *Library) With(addresses []config.Named, base string, locked *lockfile.File) (*Source, hcl.Diagnostics) {
	s := &Source{Library: l, locked: locked, names: map[string]string{}, releases: map[string][]*registry.Release{}}
	var diags hcl.Diagnostics
	for _, address := range addresses {
		r, err := dial(address.Name, base)
		if err != nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Wrong registry", Subject: &address.Range, Detail: err.Error() + "."})
			continue
		}
		s.set = append(s.set, registry.New(r, l.reader))
		s.names[r.String()] = address.Name
	}
	return s, diags
}

func dial(address, base string) (oci.Registry, error) {
	if strings.HasPrefix(address, "./") || strings.HasPrefix(address, "../") {
		whole, err := filepath.Abs(filepath.Join(base, filepath.FromSlash(address)))
		if err != nil {
			return nil, err
		}
		address = "file://" + filepath.ToSlash(whole)
	}
	return oci.Dial(address, oci.Options{})
}

// Versions lists the versions that may be chosen, newest first.
func (s *Source) Versions(ctx context.Context, name string) ([]*solve.Manifest, error) {
	if !strings.Contains(name, "/") || len(s.set) == 0 {
		return s.Library.Versions(ctx, name)
	}
	releases, err := s.lookUp(ctx, name)
	if err != nil {
		return nil, err
	}
	var list []*solve.Manifest
	for _, r := range releases {
		m, err := manifestOf(r)
		if err != nil {
			return nil, fmt.Errorf("%s %s from %s: %w", r.Name, r.Version, r.Registry, err)
		}
		list = append(list, m)
	}
	return list, nil
}

// Absence says why there is no version of a package to be chosen.
func (s *Source) Absence(ctx context.Context, name string) string {
	switch {
	case !strings.Contains(name, "/"):
		return ""
	case len(s.set) == 0:
		return `the stack names no registry for it; its stack block does with registries = ["oci://registry.example.com/team"]`
	}
	return s.set.Absence(ctx, name)
}

// Remember keeps for the next time what was verified of the registries.
func (s *Source) Remember(ctx context.Context) error {
	var errs []error
	for _, c := range s.set {
		errs = append(errs, c.Remember(ctx))
	}
	return errors.Join(errs...)
}

func (s *Source) lookUp(ctx context.Context, name string) ([]*registry.Release, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.releases[name]; ok {
		return known, nil
	}
	releases, err := s.search(ctx, name)
	var u *trust.Untrusted
	if errors.As(err, &u) {
		return nil, fmt.Errorf("%w. %s", err, u.WayOut())
	}
	if err == nil {
		s.releases[name] = releases
	}
	return releases, err
}

// release is the one that was locked, nil if it came from elsewhere.
func (s *Source) release(locked solve.Package) *registry.Release {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.releases[locked.Name] {
		if r.Version.String() == locked.Version && r.Registry == locked.Origin {
			return r
		}
	}
	return nil
}

// Put is that of the library, also for what comes from a registry.
func (s *Source) Put(ctx context.Context, locked solve.Package, local map[string]*Package) (key string, err error) {
	if r := s.release(locked); r != nil {
		key, err := r.Fetch(ctx, registry.Platform(), s.store)
		if err == nil {
			err = r.Keep(ctx)
		}
		return key, err
	}
	return s.Library.Put(ctx, locked, local)
}

// lookers is how many packages are looked at together.
const lookers = 8

// Loose is that of the library. What comes from a registry and is large is got into the directory work, each package into LooseDir; of
// a plugin only the schema is got.
func (s *Source) Loose(ctx context.Context, lock *solve.Lock, local map[string]*Package, work string) ([]eval.Package, hcl.Diagnostics) {
	packages := s.Library.Loose(lock, local)
	said := make([]hcl.Diagnostics, len(lock.Packages))
	var group errgroup.Group
	group.SetLimit(lookers)
	for i, locked := range lock.Packages {
		r := s.release(locked)
		if r == nil {
			continue
		}
		group.Go(func() error {
			if r.Plugin != nil {
				packages[i], said[i] = surface(ctx, r)
				return nil
			}
			p, diags := s.look(ctx, r, locked, LooseDir(work, i))
			said[i] = diags
			if p != nil {
				packages[i] = looseOf(locked, p)
			}
			return nil
		})
	}
	_ = group.Wait() // what is wrong has been said
	return packages, slices.Concat(said...)
}

// surface is a plugin as far as its types go: its program is not got for that.
func surface(ctx context.Context, r *registry.Release) (eval.Package, hcl.Diagnostics) {
	schema, err := r.Schema(ctx)
	if err != nil {
		return eval.Package{}, cannotGet(err)
	}
	recipe := &config.Recipe{Name: r.Name, Version: &r.Version, Kind: r.Kind, Programs: map[string]string{config.AnyPlatform: "program"}}
	return eval.Package{Recipe: recipe, Path: "/store/" + r.Name, Read: func(string) ([]byte, error) { return schema, nil }}, nil
}

func cannotGet(err error) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Package cannot be got", Detail: sentence(err)}}
}

// LooseDir is where Loose puts the files of the package of a lock that has this index.
func LooseDir(work string, index int) string { return filepath.Join(work, strconv.Itoa(index)) }

// look opens the files of a release: in memory, or in a directory that it makes if they are many.
func (s *Source) look(ctx context.Context, r *registry.Release, locked solve.Package, dir string) (*Package, hcl.Diagnostics) {
	files, err := r.Look(ctx, registry.Platform())
	if errors.Is(err, archive.ErrNotForMemory) {
		files = os.DirFS(dir)
		if err = os.Mkdir(dir, 0o700); err == nil {
			err = r.FetchTo(ctx, registry.Platform(), dir)
		}
	}
	if err != nil {
		return nil, cannotGet(err)
	}
	return open(files, locked.Origin, prefixOf(locked))
}

// Uses reports whether any package of a lock may have a resource of the type. Only of packages that do not say so, as in
// registries that were filled by an older recipe, it is not known.
func (s *Source) Uses(typ string, lock *solve.Lock, local map[string]*Package) bool {
	for _, locked := range lock.Packages {
		if r := s.release(locked); r != nil {
			if r.Types == nil || slices.Contains(r.Types, typ) {
				return true
			}
			continue
		}
		if p := s.find(locked, local); p == nil || slices.Contains(registry.TypesOf(p.Recipe), typ) {
			return true
		}
	}
	return false
}

// manifestOf says of a release what a solver has to know.
func manifestOf(r *registry.Release) (*solve.Manifest, error) {
	at := hcl.Range{Filename: r.Name + "@" + r.Version.String() + "/recipe.hcl"}
	version := r.Version
	m := &solve.Manifest{Name: r.Name, Version: &version, Origin: r.Registry, Coexist: r.Coexist, Platforms: r.Platforms()}
	if r.Plugin != nil {
		m.Plugin, m.Protocols = true, r.Plugin.Protocols
	}
	if r.Recipe != "" {
		c, err := constraintOf(r.Recipe)
		if err != nil {
			return nil, err
		}
		m.Recipe = &solve.Recipe{Text: r.Recipe, Constraint: c, Range: at}
	}
	for _, d := range r.Depends {
		c, err := constraintOf(d.Constraint)
		if err != nil {
			return nil, err
		}
		m.Depends = append(m.Depends, solve.Dependency{Package: d.Package, Text: d.Constraint, Constraint: c, Range: at})
	}
	for _, d := range r.Uses {
		c, err := constraintOf(d.Constraint)
		if err != nil {
			return nil, err
		}
		m.Uses = append(m.Uses, solve.Dependency{Package: d.Package, Text: d.Constraint, Constraint: c, Range: at})
	}
	for _, q := range r.Requires {
		c, err := constraintOf(q.Constraint)
		if err != nil {
			return nil, err
		}
		m.Requires = append(m.Requires, solve.Requirement{Name: q.Name, Service: q.Service, Text: q.Constraint, Constraint: c, Range: at})
	}
	for _, service := range r.Provides {
		version := service.Version
		m.Provides = append(m.Provides, solve.Service{Name: service.Name, Version: &version})
	}
	return m, nil
}

// constraintOf is nil for any version.
func constraintOf(text string) (*semver.Constraint, error) {
	if text == "" {
		return nil, nil
	}
	c, err := semver.ParseConstraint(text)
	return &c, err
}
