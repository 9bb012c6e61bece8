package solve

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/pubgrub"
)

// locking writes down what the solver chose.
type locking struct {
	*model
	chosen  map[pubgrub.Package]pubgrub.Version
	members []*member // those of the stack, then those that are added
	added   map[*member]string
	result  *Lock
	at      map[*Manifest]int // index into Lock.Packages
}

func (m *model) lock(choices []pubgrub.Choice) *Lock {
	l := &locking{model: m, chosen: map[pubgrub.Package]pubgrub.Version{}, members: slices.Clone(m.members), added: map[*member]string{},
		result: &Lock{}, at: map[*Manifest]int{}}
	for _, c := range choices {
		l.chosen[c.Package] = c.Version
	}
	for i := 0; i < len(l.members); i++ { // which grows
		l.member(l.members[i])
	}
	for _, c := range l.members {
		at := l.pack(l.manifest(c.shelf), fmt.Sprintf("%s is made from it", c.component))
		l.result.Components = append(l.result.Components, Component{Component: c.component, Package: at, Added: l.added[c]})
	}
	l.plugins()
	return l.result
}

// manifest is the chosen version of a package; nil if it is not chosen.
func (l *locking) manifest(s *shelf) *Manifest {
	if v := l.chosen[s.node]; v != 0 {
		return s.manifests[v-1]
	}
	return nil
}

// pack lists a package, once, and returns where.
func (l *locking) pack(m *Manifest, reason string) int {
	at, ok := l.at[m]
	if !ok {
		at = len(l.result.Packages)
		l.result.Packages = append(l.result.Packages, Package{Name: m.Name, Version: m.Version.String(), Origin: m.Origin, Reason: reason})
		l.at[m] = at
	}
	return at
}

// member writes down what a component depends on, and who meets its requirements.
func (l *locking) member(c *member) {
	m := l.manifest(c.shelf)
	l.checkBinds(c, m)
	l.dependencies(m)
	for i := range c.needs {
		if n := &c.needs[i]; n.own.Contains(l.chosen[c.shelf.node]) && len(n.options) > 0 {
			l.bind(c, n)
		}
	}
}

// checkBinds refuses explicit bindings of what the chosen version does not require.
func (l *locking) checkBinds(c *member, m *Manifest) {
	if c.root == nil {
		return
	}
	for _, name := range sortedKeys(c.root.Binds) {
		if !slices.ContainsFunc(m.Requires, func(r Requirement) bool { return r.Name == name }) {
			l.fail(c.root.Binds[name].Range, "Unknown requirement", "%s %s does not require anything called %q; it requires %s.", m.Name, m.Version, name, m.requirements())
		}
	}
}

func (l *locking) dependencies(by *Manifest) {
	l.providers(by)
	for _, d := range by.Depends {
		if s := l.shelves[d.Package]; s != nil {
			m := l.manifest(s.part(d.Constraint))
			if _, known := l.at[m]; !known {
				l.pack(m, fmt.Sprintf("%s depends on it", by.Name))
				l.dependencies(m)
			}
		}
	}
}

func (l *locking) bind(c *member, n *need) {
	r, o := n.requirement, n.options[0]
	if n.node >= 0 {
		o = n.options[l.chosen[n.node]-1]
	}
	reason := fmt.Sprintf("%s provides %s in this stack", o.component, r.Service)
	if _, bound := c.bind(r.Name); bound {
		reason = "the stack binds it"
	} else if l.rivals(c, r); o.root == nil {
		reason = l.add(o, c, r)
	}
	l.result.Bindings = append(l.result.Bindings, Binding{Consumer: c.component, Requirement: r.Name, Service: r.Service, Implementation: o.component, Reason: reason})
}

// add makes a component of a default implementation, named after its package, unless it is there; it returns the reason for
// the binding.
func (l *locking) add(o, c *member, r *Requirement) string {
	if _, there := l.added[o]; there {
		return fmt.Sprintf("%s is the default implementation of %s", o.shelf.name, r.Service)
	}
	o.component = addr.Component{Kind: addr.Middleware, Name: path.Base(o.shelf.name)}
	for n := 2; slices.ContainsFunc(l.members, func(m *member) bool { return m.component == o.component }); n++ {
		o.component.Name = fmt.Sprintf("%s-%d", path.Base(o.shelf.name), n)
	}
	l.added[o] = fmt.Sprintf("%s requires %s", c.component, r.Service)
	l.members = append(l.members, o)
	return fmt.Sprintf("nothing in the stack provides %s; %s is the default", r.Service, o.shelf.name)
}

// rivals refuses a requirement that several components of the stack meet, in the versions that were chosen.
func (l *locking) rivals(c *member, r *Requirement) {
	var names []string
	for _, o := range l.offers[r.Service] {
		if fits, _ := l.manifest(o.shelf).serves(r); fits && o != c {
			names = append(names, o.component.String())
		}
	}
	if len(names) > 1 {
		l.several(c, r, names)
	}
}

// ambiguous refuses a requirement that several components of the stack meet in whatever version.
func (m *model) ambiguous(c *member, n *need) bool {
	var names []string
	for _, o := range slices.Backward(n.options) {
		if o.root != nil && o.allowed.SubsetOf(o.shelf.serving(n.requirement)) {
			names = append(names, o.component.String())
		}
	}
	if len(names) > 1 {
		m.several(c, n.requirement, names)
	}
	return len(names) > 1
}

func (m *model) several(c *member, r *Requirement, names []string) {
	m.fail(r.Range, "Several implementations", "%s requires %s, and %s provide it. Say which: bind %q { to = %s } in %s.",
		c.name(), r.Service, strings.Join(names, " and "), r.Name, names[0], c.name())
}
