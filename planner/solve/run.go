package solve

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/addr"
)

// Solve chooses for every root and for everything they need. A requirement is met, in this order, by its explicit
// bind, by the one component of the stack that provides the service, or by the default implementation that the
// source knows, which is then added. The diagnostics list everything that could not be met.
func Solve(ctx context.Context, roots []Root, source Source) (*Lock, hcl.Diagnostics) {
	s := &solver{source: source, lock: &Lock{}, chosen: map[string]int{}, added: map[string]addr.Component{}}
	for i := range roots {
		s.root(ctx, &roots[i])
	}
	// The list grows while implementations are added; those may have requirements of their own.
	for i := 0; i < len(s.members); i++ {
		s.requirements(ctx, &s.members[i])
	}
	return s.finish(), s.diags
}

// member is a component with the package chosen for it.
type member struct {
	component addr.Component
	manifest  *Manifest
	binds     map[string]Bind
	added     string
	at        hcl.Range
}

type solver struct {
	source  Source
	lock    *Lock
	members []member
	chosen  map[string]int // package name and version to index into lock.Packages
	added   map[string]addr.Component
	diags   hcl.Diagnostics
}

func (s *solver) fail(at hcl.Range, summary, format string, args ...any) {
	s.diags = append(s.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: at.Ptr()})
}

func (s *solver) root(ctx context.Context, r *Root) {
	m := r.Manifest
	if m == nil {
		m = s.pick(ctx, r.Package, r.NameRange, func(m *Manifest) bool { return r.Constraint == nil || r.Constraint.Allows(*m.Version) }, r.Text)
	} else if r.Constraint != nil && !r.Constraint.Allows(*m.Version) {
		s.fail(r.Range, "Version does not fit", "%s comes from %s, which is version %s of %s, but the stack asks for %q. Change the constraint or the source.",
			r.Component, m.Origin, m.Version, m.Name, r.Text)
		return
	}
	if m == nil {
		return
	}
	s.members = append(s.members, member{component: r.Component, manifest: m, binds: r.Binds, at: r.Range})
}

// pick returns the newest version that fits, or nil after saying why there is none.
func (s *solver) pick(ctx context.Context, name string, at hcl.Range, fits func(*Manifest) bool, text string) *Manifest {
	versions, err := s.source.Versions(ctx, name)
	if err != nil {
		s.fail(at, "Package cannot be looked up", "%s.", err)
		return nil
	}
	if len(versions) == 0 {
		s.fail(at, "Unknown package", "There is no package %q in the library in the box. For files of your own say source = \"./directory\" instead of package.", name)
		return nil
	}
	for _, m := range versions {
		if fits(m) {
			return m
		}
	}
	var known []string
	for _, m := range versions {
		known = append(known, m.Version.String())
	}
	s.fail(at, "No version fits", "The stack asks for %s %q, but there is only %s. Change the constraint.", name, text, strings.Join(known, ", "))
	return nil
}

func (s *solver) requirements(ctx context.Context, m *member) {
	// Copied: adding a member may move the slice m points into.
	component, manifest, binds := m.component, m.manifest, m.binds
	for name, b := range binds {
		if !slices.ContainsFunc(manifest.Requires, func(r Requirement) bool { return r.Name == name }) {
			s.fail(b.Range, "Unknown requirement", "%s %s does not require anything called %q; it requires %s.", manifest.Name, manifest.Version, name, requirementNames(manifest))
		}
	}
	for _, d := range manifest.Depends {
		s.dependency(ctx, manifest, d)
	}
	for _, r := range manifest.Requires {
		if to, reason, ok := s.implementation(ctx, component, manifest, r, binds); ok {
			s.lock.Bindings = append(s.lock.Bindings, Binding{Consumer: component, Requirement: r.Name, Service: r.Service, Implementation: to, Reason: reason})
		}
	}
}

func requirementNames(m *Manifest) string {
	var names []string
	for _, r := range m.Requires {
		names = append(names, fmt.Sprintf("%q", r.Name))
	}
	if names == nil {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

func (s *solver) dependency(ctx context.Context, by *Manifest, d Dependency) {
	m := s.pick(ctx, d.Package, d.Range, func(m *Manifest) bool { return d.Constraint == nil || d.Constraint.Allows(*m.Version) }, d.Text)
	if m != nil {
		s.choose(m, fmt.Sprintf("%s depends on it", by.Name))
	}
}

func (s *solver) choose(m *Manifest, reason string) int {
	key := m.Name + " " + m.Version.String() + " " + m.Origin
	if at, ok := s.chosen[key]; ok {
		return at
	}
	s.lock.Packages = append(s.lock.Packages, Package{Name: m.Name, Version: m.Version.String(), Origin: m.Origin, Reason: reason})
	s.chosen[key] = len(s.lock.Packages) - 1
	return len(s.lock.Packages) - 1
}

func (s *solver) implementation(ctx context.Context, consumer addr.Component, by *Manifest, r Requirement, binds map[string]Bind) (to addr.Component, reason string, ok bool) {
	if b, explicit := binds[r.Name]; explicit {
		return s.explicit(b, r)
	}
	var offers []string
	var misfits []string
	for i := range s.members {
		m := &s.members[i]
		if m.component == consumer || m.added != "" {
			continue
		}
		switch fit, version := m.manifest.serves(r); {
		case fit:
			to = m.component
			offers = append(offers, m.component.String())
		case version != "":
			misfits = append(misfits, fmt.Sprintf("%s offers %s %s", m.component, r.Service, version))
		}
	}
	switch len(offers) {
	case 1:
		return to, fmt.Sprintf("%s provides %s in this stack", to, r.Service), true
	case 0:
		return s.fallback(ctx, consumer, by, r, misfits)
	}
	s.fail(r.Range, "Several implementations", "%s requires %s, and %s provide it. Say which: bind %q { to = %s } in %s.",
		consumer, r.Service, strings.Join(offers, " and "), r.Name, offers[0], consumer)
	return to, "", false
}

func (s *solver) explicit(b Bind, r Requirement) (addr.Component, string, bool) {
	at := slices.IndexFunc(s.members, func(m member) bool { return m.component == b.To })
	if at < 0 {
		return b.To, "", false // an unknown component was reported where it was written
	}
	fit, version := s.members[at].manifest.serves(r)
	if fit {
		return b.To, "the stack binds it", true
	}
	if version != "" {
		s.fail(b.Range, "Version does not fit", "%q needs %s %q, but %s offers %s %s.", r.Name, r.Service, r.Text, b.To, r.Service, version)
	} else {
		s.fail(b.Range, "Service not provided", "%q needs the service %s, but %s (package %s) does not provide it; it provides %s.",
			r.Name, r.Service, b.To, s.members[at].manifest.Name, s.members[at].manifest.services())
	}
	return b.To, "", false
}

// serves reports whether m provides the service of r at a fitting version, and else the version it has, "" for none.
func (m *Manifest) serves(r Requirement) (fits bool, version string) {
	for _, p := range m.Provides {
		if p.Name != r.Service {
			continue
		}
		if r.Constraint == nil || r.Constraint.Allows(*p.Version) {
			return true, p.Version.String()
		}
		version = p.Version.String()
	}
	return false, version
}

func (m *Manifest) services() string {
	var names []string
	for _, p := range m.Provides {
		names = append(names, p.Name+" "+p.Version.String())
	}
	if names == nil {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// fallback meets r by the default implementation, which is added once and shared by all who need it.
func (s *solver) fallback(ctx context.Context, consumer addr.Component, by *Manifest, r Requirement, misfits []string) (addr.Component, string, bool) {
	names, err := s.source.Implementations(ctx, r.Service)
	if err != nil {
		s.fail(r.Range, "Service cannot be looked up", "%s.", err)
		return addr.Component{}, "", false
	}
	for _, name := range names {
		if to, ok := s.added[name]; ok && s.memberServes(to, r) {
			return to, fmt.Sprintf("%s is the default implementation of %s", name, r.Service), true
		}
		versions, err := s.source.Versions(ctx, name)
		if err != nil {
			continue
		}
		for _, m := range versions {
			fit, version := m.serves(r)
			if !fit {
				misfits = append(misfits, fmt.Sprintf("%s %s offers %s %s", m.Name, m.Version, r.Service, version))
				continue
			}
			to := s.add(m, fmt.Sprintf("%s requires %s", consumer, r.Service))
			return to, fmt.Sprintf("nothing in the stack provides %s; %s is the default", r.Service, name), true
		}
	}
	detail := fmt.Sprintf("%s (package %s) requires the service %s%s, and nothing in the stack or in the library provides it", consumer, by.Name, r.Service, constraintText(r.Text))
	if misfits != nil {
		detail += ": " + strings.Join(misfits, "; ")
	}
	s.fail(r.Range, "Requirement not met", "%s. Add a component that provides it, or change the requirement.", detail)
	return addr.Component{}, "", false
}

func constraintText(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf(" %q", text)
}

func (s *solver) memberServes(c addr.Component, r Requirement) bool {
	at := slices.IndexFunc(s.members, func(m member) bool { return m.component == c })
	fits, _ := s.members[at].manifest.serves(r)
	return fits
}

// add makes a component of m, named after the package; a number is added while the name is taken.
func (s *solver) add(m *Manifest, why string) addr.Component {
	c := addr.Component{Kind: addr.Middleware, Name: path.Base(m.Name)}
	for n := 2; slices.ContainsFunc(s.members, func(m member) bool { return m.component == c }); n++ {
		c.Name = fmt.Sprintf("%s-%d", path.Base(m.Name), n)
	}
	s.added[m.Name] = c
	s.members = append(s.members, member{component: c, manifest: m, added: why})
	return c
}

func (s *solver) finish() *Lock {
	for i := range s.members {
		m := &s.members[i]
		reason := fmt.Sprintf("%s is made from it", m.component)
		s.lock.Components = append(s.lock.Components, Component{Component: m.component, Package: s.choose(m.manifest, reason), Added: m.added})
	}
	return s.lock
}
