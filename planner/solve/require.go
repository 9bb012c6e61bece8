package solve

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/planner/pubgrub"
)

// require states what c requires. Versions of it that require the same under the same name share one need.
func (m *model) require(ctx context.Context, c *member) {
	at := map[[3]string]int{}
	for i, manifest := range c.shelf.manifests {
		v := pubgrub.Version(i + 1)
		if c.root != nil && !c.allowed.Contains(v) {
			continue
		}
		for j := range manifest.Requires {
			r := &manifest.Requires[j]
			key := [3]string{r.Name, r.Service, r.Text}
			n, ok := at[key]
			if !ok {
				n = len(c.needs)
				at[key] = n
				c.needs = append(c.needs, need{requirement: r, node: -1})
			}
			c.needs[n].own = c.needs[n].own.With(v)
		}
	}
	for i := range c.needs {
		m.meet(ctx, c, &c.needs[i])
	}
}

// meet states that n is met by one of its options.
func (m *model) meet(ctx context.Context, c *member, n *need) {
	r := n.requirement
	bind, bound := c.bind(r.Name)
	if bound {
		to := m.named[bind.To]
		if to == nil {
			return // an unknown component was reported where it was written
		}
		n.options = []*member{to}
	} else if n.options = m.options(ctx, c, r); m.ambiguous(c, n) {
		return
	}
	f := fact{at: r.Range.Ptr(), summary: "Requirement not met", change: "change what " + c.name() + " requires", tell: func() string { return m.tellNeed(c, n, bound) }}
	own := m.guard(c, n.own)
	switch {
	case bound:
		f.at = bind.Range.Ptr() // the stack's word; what is required may stand in a package of the library
		f.change = fmt.Sprintf("bind %q of %s to another component", r.Name, c.component)
	case len(n.options) == 0:
		f.change = fmt.Sprintf("add a component that provides %s%s, or change the requirement", r.Service, constraintText(r.Text))
		m.state(f, own...)
		return
	}
	if len(n.options) == 1 && n.options[0].root != nil {
		m.state(f, append(own, m.unfit(n.options[0], r)...)...)
		return
	}
	n.node = m.node(len(n.options), rankChoice)
	m.state(f, append(own, m.missing(n.node, pubgrub.Range(1, pubgrub.Version(len(n.options))))...)...)
	for i, o := range n.options {
		m.state(fact{}, append([]pubgrub.Term{is(n.node, pubgrub.Version(i+1))}, m.unfit(o, r)...)...)
		if o.root == nil {
			m.state(fact{}, append([]pubgrub.Term{is(n.node, pubgrub.Version(i+1))}, m.missing(o.node, pubgrub.Range(1, 1))...)...)
		}
	}
}

// guard is the terms that are true when c is there in one of the versions.
func (m *model) guard(c *member, versions pubgrub.Set) []pubgrub.Term {
	terms := []pubgrub.Term{{Package: c.shelf.node, Set: versions}}
	if c.root == nil {
		terms = append(terms, is(c.node, 1))
	}
	return terms
}

// unfit is the term that is true when o does not meet r.
func (m *model) unfit(o *member, r *Requirement) []pubgrub.Term {
	return m.missing(o.shelf.node, o.shelf.serving(r))
}

func (c *member) bind(requirement string) (Bind, bool) {
	if c.root == nil {
		return Bind{}, false
	}
	b, ok := c.root.Binds[requirement]
	return b, ok
}

// options lists who could meet r for c: the default implementations, and after them, preferred, the components of the stack.
func (m *model) options(ctx context.Context, c *member, r *Requirement) []*member {
	var list []*member
	for _, s := range m.providing(ctx, r) {
		if len(s.serving(r)) > 0 && (c.root != nil || c.shelf != s) {
			list = append(list, m.addable(s))
		}
	}
	slices.Reverse(list) // the source has the default one first
	certain := 0
	var own []*member
	for _, o := range m.offers[r.Service] {
		serving := o.shelf.serving(r)
		if o == c || o.allowed.Disjoint(serving) {
			continue
		}
		if own = append(own, o); o.allowed.SubsetOf(serving) {
			certain++
		}
		if certain > 1 {
			break // it has to be said which, so others are of no interest
		}
	}
	slices.Reverse(own)
	return append(list, own...)
}

// addable is the member that is added when a default is taken; one for each package.
func (m *model) addable(s *shelf) *member {
	if m.adding[s] == nil {
		m.adding[s] = &member{shelf: s, allowed: s.matching(nil), node: m.node(1, rankChoice)}
		m.extra = append(m.extra, m.adding[s])
	}
	return m.adding[s]
}

// tellNeed says what c requires, and who could provide it.
func (m *model) tellNeed(c *member, n *need, bound bool) string {
	r := n.requirement
	text := fmt.Sprintf("%s requires the service %s%s%s", m.who(c), r.Service, constraintText(r.Text), where(r.Range))
	if bound {
		return text + m.tellBound(c, n)
	}
	var who []string
	for _, o := range slices.Backward(n.options) {
		who = append(who, m.who(o)+" "+o.shelf.list(o.shelf.serving(r)))
	}
	if who != nil {
		return text + ", which is provided by " + strings.Join(who, " or ")
	}
	text += ", and nothing in the stack or in the library provides it"
	if suggestion := strings.TrimRight(strings.TrimSpace(m.suggest(r.Service)), "?"); suggestion != "" {
		text += " (d" + suggestion[1:] + "?)"
	}
	if misfits := m.misfits(c, r); misfits != nil {
		text += ": " + strings.Join(misfits, "; ")
	}
	return text
}

// name is that of the component, or of the package of which one may be added.
func (c *member) name() string {
	if c.root == nil {
		return c.shelf.name
	}
	return c.component.String()
}

// who names a member with its package.
func (m *model) who(c *member) string {
	if c.root == nil {
		return c.shelf.name
	}
	return fmt.Sprintf("%s (package %s)", c.component, c.shelf.name)
}

func (m *model) tellBound(c *member, n *need) string {
	r, o := n.requirement, n.options[0]
	b, _ := c.bind(r.Name)
	text := fmt.Sprintf(", and the stack binds it to %s%s", m.who(o), where(b.Range))
	if fitting := o.shelf.serving(r); len(fitting) > 0 {
		return text + fmt.Sprintf(", which provides it in version %s", o.shelf.list(fitting))
	}
	last := o.shelf.manifests[len(o.shelf.manifests)-1]
	if _, version := last.serves(r); version != "" {
		return text + fmt.Sprintf(", but that offers %s %s", r.Service, version)
	}
	return text + fmt.Sprintf(", but that does not provide it; it provides %s", last.services())
}

// misfits tells who provides the service of r in other versions.
func (m *model) misfits(c *member, r *Requirement) []string {
	var list []string
	for _, o := range m.offers[r.Service] {
		if o != c {
			_, version := o.shelf.manifests[len(o.shelf.manifests)-1].serves(r)
			list = append(list, fmt.Sprintf("%s offers %s %s", o.component, r.Service, version))
		}
	}
	for _, s := range m.serving[r.Service] {
		newest := s.manifests[len(s.manifests)-1]
		if _, version := newest.serves(r); version != "" {
			list = append(list, fmt.Sprintf("%s %s offers %s %s", newest.Name, newest.Version, r.Service, version))
		}
	}
	return append(list, m.refused[r.Service]...)
}
