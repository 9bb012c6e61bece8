package solve

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/planner/pubgrub"
	"github.com/nsynapse/recipe/planner/semver"
)

// shelf is a package with its versions, oldest first: version i+1 of the problem is the manifest at i.
type shelf struct {
	name      string
	manifests []*Manifest
	majors    []*shelf // the same by major version, ascending, if they may coexist; then only those are used
	node      pubgrub.Package
	absence   string // why there are no versions, if the source says it
}

// newShelf sorts out the versions of a package, which are given newest first.
func newShelf(name string, newestFirst []*Manifest) *shelf {
	s := &shelf{name: name, manifests: slices.Clone(newestFirst)}
	slices.Reverse(s.manifests)
	if !slices.ContainsFunc(s.manifests, func(m *Manifest) bool { return m.Coexist }) {
		return s
	}
	for _, m := range s.manifests {
		last := len(s.majors) - 1
		if last < 0 || s.majors[last].manifests[0].Version.Major() != m.Version.Major() {
			s.majors = append(s.majors, &shelf{name: name})
			last++
		}
		s.majors[last].manifests = append(s.majors[last].manifests, m)
	}
	return s
}

// parts returns the shelves that stand in the problem: s, or those of its majors.
func (s *shelf) parts() []*shelf {
	if s.majors == nil {
		return []*shelf{s}
	}
	return s.majors
}

// part returns the one that a constraint is about: of majors that may coexist the newest that has a version which fits.
func (s *shelf) part(c *semver.Constraint) *shelf {
	parts := s.parts()
	for _, p := range slices.Backward(parts) {
		if len(p.matching(c)) > 0 {
			return p
		}
	}
	return parts[len(parts)-1]
}

// matching returns the versions that a constraint allows; nil allows all of them.
func (s *shelf) matching(c *semver.Constraint) pubgrub.Set {
	return s.those(func(m *Manifest) bool { return c == nil || c.Allows(*m.Version) })
}

// serving returns the versions that provide what r asks for.
func (s *shelf) serving(r *Requirement) pubgrub.Set {
	return s.those(func(m *Manifest) bool { fits, _ := m.serves(r); return fits })
}

func (s *shelf) those(fit func(*Manifest) bool) pubgrub.Set {
	var set pubgrub.Set
	for i, m := range s.manifests {
		if fit(m) {
			set = set.With(pubgrub.Version(i + 1))
		}
	}
	return set
}

// known lists all versions for people, newest first.
func (s *shelf) known() string { return s.list(s.matching(nil)) }

// list names some of the versions, newest first.
func (s *shelf) list(versions pubgrub.Set) string {
	var names []string
	for i, m := range slices.Backward(s.manifests) {
		if versions.Contains(pubgrub.Version(i + 1)) {
			names = append(names, m.Version.String())
		}
	}
	return enumerate(names)
}

// stock is everything that the source has of the packages that a stack could come to need.
type stock struct {
	source  Source
	shelves map[string]*shelf
	serving map[string][]*shelf // by service, the default one first
	refused map[string][]string // by service, who would provide it but is excluded, in words
	wanted  *Wanted
	diags   hcl.Diagnostics
}

// suggest is what the source says of a name that nothing has.
func (s *stock) suggest(name string) string {
	if by, ok := s.source.(Suggester); ok {
		return by.Suggest(name)
	}
	return ""
}

// get looks a package up, once. at is where it is named. It returns nil if it could not be looked up.
func (s *stock) get(ctx context.Context, name string, at hcl.Range) *shelf {
	if known, ok := s.shelves[name]; ok {
		return known
	}
	manifests, err := s.source.Versions(ctx, name)
	if err != nil {
		s.refuse(at, err)
		s.shelves[name] = nil
		return nil
	}
	found := newShelf(name, manifests)
	if excuser, ok := s.source.(Excuser); ok && len(manifests) == 0 {
		found.absence = excuser.Absence(ctx, name)
	}
	s.shelves[name] = found
	for _, m := range found.manifests {
		s.reach(ctx, m)
	}
	return found
}

// absent tells that there is no version of a package, and goes on after a comma.
func (s *shelf) absent(otherwise string) string {
	if s.absence != "" {
		return ", and " + s.absence
	}
	return otherwise
}

// reach looks up the packages that a manifest names.
func (s *stock) reach(ctx context.Context, m *Manifest) {
	for _, d := range m.Depends {
		s.get(ctx, d.Package, d.Range)
	}
	for _, d := range m.Uses {
		if !s.wanted.Given[d.Package] {
			s.get(ctx, d.Package, d.Range)
		}
	}
}

// refuse tells why a package cannot be looked up: where it is named, unless the source knows a better place.
func (s *stock) refuse(at hcl.Range, err error) {
	var placed hcl.Diagnostics
	if errors.As(err, &placed) {
		s.diags = append(s.diags, placed...)
		return
	}
	s.fail(at, "Package cannot be looked up", "%s.", err)
}

// providing looks up who provides a service, and what those require in their turn.
func (s *stock) providing(ctx context.Context, r *Requirement) []*shelf {
	if list, ok := s.serving[r.Service]; ok {
		return list
	}
	s.serving[r.Service] = nil // for a package that requires what it provides
	names, err := s.source.Implementations(ctx, r.Service)
	if err != nil {
		s.fail(r.Range, "Service cannot be looked up", "%s.", err)
		return nil
	}
	var list []*shelf
	for _, name := range names {
		if at, excluded := s.wanted.Exclude[name]; excluded {
			s.refused[r.Service] = append(s.refused[r.Service], fmt.Sprintf("%s is excluded%s", name, where(at)))
		}
	}
	for _, name := range s.preferred(r.Service, names) {
		if found := s.get(ctx, name, r.Range); found != nil {
			for _, part := range slices.Backward(found.parts()) {
				list = append(list, part)
			}
		}
	}
	s.serving[r.Service] = list
	for _, found := range list {
		s.follow(ctx, found.manifests)
	}
	return list
}

// preferred returns the providers of a service without those that the stack excludes; first of all what it prefers, then
// what the lock has.
func (s *stock) preferred(service string, names []string) []string {
	var list []string
	for _, name := range append(slices.Clone(s.wanted.Prefer), s.wanted.Taken[service]) {
		if _, excluded := s.wanted.Exclude[name]; !excluded && slices.Contains(names, name) {
			list = append(list, name)
		}
	}
	for _, name := range names {
		if _, excluded := s.wanted.Exclude[name]; !excluded && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// follow looks up who provides what packages require.
func (s *stock) follow(ctx context.Context, manifests []*Manifest) {
	for _, m := range manifests {
		for i := range m.Requires {
			s.providing(ctx, &m.Requires[i])
		}
	}
}

func (s *stock) fail(at hcl.Range, summary, format string, args ...any) {
	s.diags = append(s.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: at.Ptr()})
}
