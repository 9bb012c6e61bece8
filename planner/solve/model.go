package solve

import (
	"context"
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/pubgrub"
)

// member is a component that may need something: one of the stack, or one that may be added.
type member struct {
	component addr.Component // of the stack; without a name for one that may be added
	root      *Root          // nil for one that may be added
	shelf     *shelf
	allowed   pubgrub.Set     // the versions that the stack asks for
	node      pubgrub.Package // of one that may be added: version 1 is that it is there
	needs     []need
}

// need is a requirement of a member, with who could meet it.
type need struct {
	requirement *Requirement
	own         pubgrub.Set // the versions of the member that have it
	options     []*member   // the preferred one last
	node        pubgrub.Package
}

// model is a stack as a problem.
type model struct {
	table
	*stock
	members []*member // those of the stack, in its order
	named   map[addr.Component]*member
	extra   []*member // those that may be added
	adding  map[*shelf]*member
	offers  map[string][]*member // of the stack, by service
	roots   []*pubgrub.Rule
}

// build makes the model of a stack.
func build(ctx context.Context, wanted *Wanted, source Source) *model {
	roots := wanted.Roots
	m := &model{stock: &stock{source: source, wanted: wanted, shelves: map[string]*shelf{}, serving: map[string][]*shelf{}, refused: map[string][]string{}},
		named: map[addr.Component]*member{}, adding: map[*shelf]*member{}, offers: map[string][]*member{}}
	local := map[*Manifest]*shelf{}
	for i := range roots {
		m.enter(ctx, &roots[i], local)
	}
	for _, d := range wanted.Uses {
		m.get(ctx, d.Package, d.Range)
	}
	if m.diags.HasErrors() {
		return m
	}
	for _, c := range m.members {
		m.follow(ctx, c.shelf.manifests)
	}
	m.place(local)
	for i := range wanted.Uses {
		m.employ(&wanted.Uses[i])
	}
	for _, c := range m.members {
		m.demand(c)
		m.require(ctx, c)
	}
	for i := 0; i < len(m.extra); i++ { // which grows
		m.require(ctx, m.extra[i])
	}
	return m
}

// enter makes a member of a root.
func (m *model) enter(ctx context.Context, r *Root, local map[*Manifest]*shelf) {
	c := &member{component: r.Component, root: r}
	if r.Manifest == nil {
		if c.shelf = m.get(ctx, r.Package, r.NameRange); c.shelf != nil {
			c.shelf = c.shelf.part(r.Constraint)
		}
		if c.shelf != nil && len(c.shelf.manifests) == 0 {
			if c.shelf.absence != "" {
				m.fail(r.NameRange, "No package to choose", "Nothing can be made from %s: %s.", r.Package, c.shelf.absence)
				return
			}
			m.fail(r.NameRange, "Unknown package", "There is no package %q in the library in the box.%s For files of your own say source = \"./directory\" instead of package.", r.Package, m.suggest(r.Package))
			return
		}
	} else if c.shelf = local[r.Manifest]; c.shelf == nil {
		c.shelf = &shelf{name: r.Manifest.Name, manifests: []*Manifest{r.Manifest}}
		local[r.Manifest] = c.shelf
		m.reach(ctx, r.Manifest)
	}
	if c.shelf == nil {
		return
	}
	c.allowed = c.shelf.runnable(r.Constraint)
	m.members = append(m.members, c)
	m.named[c.component] = c
	seen := map[string]bool{}
	for _, manifest := range c.shelf.manifests {
		for _, p := range manifest.Provides {
			if !seen[p.Name] {
				seen[p.Name] = true
				m.offers[p.Name] = append(m.offers[p.Name], c)
			}
		}
	}
}

// place gives every package a node, and states what it depends on.
func (m *model) place(local map[*Manifest]*shelf) {
	var all []*shelf
	for _, name := range sortedKeys(m.shelves) {
		if s := m.shelves[name]; s != nil {
			all = append(all, s.parts()...)
		}
	}
	seen := map[*shelf]bool{}
	for _, c := range m.members {
		if c.root.Manifest != nil && !seen[c.shelf] {
			seen[c.shelf] = true
			all = append(all, c.shelf)
		}
	}
	for _, s := range all {
		s.node = m.node(len(s.manifests), rankPackage)
		m.nodes[s.node].name = s.name
	}
	for _, s := range all {
		for i, manifest := range s.manifests {
			m.limit(s, pubgrub.Version(i+1), manifest)
			for j := range manifest.Depends {
				m.depend(s, pubgrub.Version(i+1), manifest, &manifest.Depends[j])
			}
			for j := range manifest.Uses {
				m.use(s, pubgrub.Version(i+1), manifest, &manifest.Uses[j])
			}
		}
	}
}

// depend states that a version of a package needs another package.
func (m *model) depend(s *shelf, v pubgrub.Version, by *Manifest, d *Dependency) {
	whole := m.shelves[d.Package]
	if whole == nil {
		return // it could not be looked up, which was said
	}
	target := whole.part(d.Constraint)
	fitting := target.runnable(d.Constraint)
	change := fmt.Sprintf("change what %s depends on", by.Name)
	m.state(fact{at: d.Range.Ptr(), change: change, tell: func() string {
		text := fmt.Sprintf("%s %s depends on %s%s%s", by.Name, by.Version, d.Package, constraintText(d.Text), where(d.Range))
		return text + unless(misused(target, fitting, d.Constraint), lacking(whole, fitting))
	}}, append([]pubgrub.Term{is(s.node, v)}, m.missing(target.node, fitting)...)...)
}

// demand states that a component of the stack is there.
func (m *model) demand(c *member) {
	r := c.root
	wrong := misused(c.shelf, c.allowed, r.Constraint)
	f := fact{at: r.Range.Ptr(), summary: "No version fits", tell: func() string {
		if r.Manifest != nil {
			text := fmt.Sprintf("%s comes from %s, which is version %s of %s", c.component, r.Manifest.Origin, r.Manifest.Version, r.Manifest.Name)
			if len(c.allowed) == 0 {
				text += unless(wrong, fmt.Sprintf(", but the stack asks for %q%s", r.Text, where(r.Range)))
			}
			return text
		}
		text := fmt.Sprintf("%s is made from %s%s%s", c.component, r.Package, constraintText(r.Text), where(r.Range))
		return text + unless(wrong, lacking(m.shelves[r.Package], c.allowed))
	}}
	f.passing = len(c.allowed) > 0
	if wrong != "" {
		f.change = fmt.Sprintf("name it with uses_provider %q, and make %s from another package", c.shelf.name, c.component)
	} else if r.Text != "" {
		f.change = fmt.Sprintf("change the version of %s", c.component)
		f.loose = m.rule(fact{}, m.missing(c.shelf.node, c.shelf.runnable(nil))...)
	}
	m.roots = append(m.roots, m.rule(f, m.missing(c.shelf.node, c.allowed)...))
}

// lacking tells what there is when nothing fits.
func lacking(s *shelf, fitting pubgrub.Set) string {
	switch {
	case len(fitting) > 0:
		return ""
	case len(s.manifests) == 0:
		return s.absent(", and there is no such package")
	}
	return ", but there is only " + s.known()
}

// where tells the place of something.
func where(r hcl.Range) string {
	if r.Filename == "" {
		return ""
	}
	return fmt.Sprintf(" (%s:%d)", r.Filename, r.Start.Line)
}
