package solve

import (
	"fmt"

	"github.com/nsynapse/recipe/planner/pubgrub"
	"github.com/nsynapse/recipe/planner/semver"
)

// Plugins are packages like others, of which a stack has one version each. Nothing is made from them, and only they are used as
// providers.

// runnable returns the versions that a constraint allows and that are no plugins.
func (s *shelf) runnable(c *semver.Constraint) pubgrub.Set {
	return s.those(func(m *Manifest) bool { return !m.Plugin && (c == nil || c.Allows(*m.Version)) })
}

// pluggable returns the versions that a constraint allows and that are plugins.
func (s *shelf) pluggable(c *semver.Constraint) pubgrub.Set {
	return s.those(func(m *Manifest) bool { return m.Plugin && (c == nil || c.Allows(*m.Version)) })
}

// misused tells that what would fit is of the wrong kind; "" if nothing would, or something does.
func misused(s *shelf, fitting pubgrub.Set, c *semver.Constraint) string {
	rest := s.matching(c)
	switch {
	case len(fitting) > 0 || len(rest) == 0:
		return ""
	case len(s.pluggable(c)) == len(rest):
		return fmt.Sprintf(", but %s is a plugin, from which nothing is made", s.name)
	}
	return fmt.Sprintf(", but %s is no plugin: it supplies no resource types", s.name)
}

// unless is a text, or else another one.
func unless(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

// use states that a version of a package needs a plugin.
func (m *model) use(s *shelf, v pubgrub.Version, by *Manifest, d *Dependency) {
	plugin := m.shelves[d.Package]
	if m.wanted.Given[d.Package] || plugin == nil {
		return // nobody has to choose, or it could not be looked up, which was said
	}
	target := plugin.part(d.Constraint)
	fitting := target.pluggable(d.Constraint)
	m.state(fact{at: d.Range.Ptr(), change: fmt.Sprintf("change which provider %s uses", by.Name), tell: func() string {
		return fmt.Sprintf("%s %s uses the provider %s%s%s", by.Name, by.Version, d.Package, constraintText(d.Text), where(d.Range)) + useless(plugin, target, fitting, d)
	}}, append([]pubgrub.Term{is(s.node, v)}, m.missing(target.node, fitting)...)...)
}

// employ states that the stack itself needs a plugin.
func (m *model) employ(d *Dependency) {
	plugin := m.shelves[d.Package]
	if plugin == nil {
		return // it could not be looked up, which was said
	}
	target := plugin.part(d.Constraint)
	fitting := target.pluggable(d.Constraint)
	f := fact{at: d.Range.Ptr(), summary: "No version fits", tell: func() string {
		return fmt.Sprintf("The stack uses the provider %s%s%s", d.Package, constraintText(d.Text), where(d.Range)) + useless(plugin, target, fitting, d)
	}}
	if f.change = "use another provider"; d.Text != "" && misused(target, fitting, d.Constraint) == "" {
		f.change = fmt.Sprintf("change the version of the provider %s", d.Package)
		f.loose = m.rule(fact{}, m.missing(target.node, target.pluggable(nil))...)
	}
	m.roots = append(m.roots, m.rule(f, m.missing(target.node, fitting)...))
}

// useless tells why no version of a plugin fits; "" if one does.
func useless(whole, part *shelf, fitting pubgrub.Set, d *Dependency) string {
	if len(whole.manifests) == 0 {
		return whole.absent(", and there is no such package in the registries of the stack")
	}
	return unless(misused(part, fitting, d.Constraint), lacking(whole, fitting))
}

// plugins writes down the plugins that the stack itself names.
func (l *locking) plugins() {
	for i := range l.wanted.Uses {
		d := &l.wanted.Uses[i]
		l.pack(l.manifest(l.shelves[d.Package].part(d.Constraint)), "the stack uses it as a provider")
	}
}

// providers writes down the plugins that a package uses.
func (l *locking) providers(by *Manifest) {
	for _, d := range by.Uses {
		if s := l.shelves[d.Package]; s != nil && !l.wanted.Given[d.Package] {
			l.pack(l.manifest(s.part(d.Constraint)), fmt.Sprintf("%s uses it as a provider", by.Name))
		}
	}
}
