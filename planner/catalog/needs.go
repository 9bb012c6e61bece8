package catalog

import "github.com/nsynapse/recipe/planner/pubgrub"

// needs is what the versions of a package need. Versions that need the same share one rule, so that a conflict with it
// excludes all of them at once. Rules are made when a version is first looked at: most never are.
type needs struct {
	groups []group
	of     [][]int32         // positions in groups, by version
	rules  [][]*pubgrub.Rule // by version; nil for one that nobody looked at yet
}

// group is a need that some versions of a package share.
type group struct {
	need *Need
	kind kind
	own  pubgrub.Set
	rule *pubgrub.Rule
	made bool // rule is final; it is nil if all versions meet the need themselves
}

type groupKey struct {
	needKey
	kind kind
}

// group sorts out what the versions of q need.
func (p *problem) group(q pubgrub.Package) {
	releases := p.catalog.packages[q].releases
	n := &p.needs[q]
	n.of, n.rules = make([][]int32, len(releases)), make([][]*pubgrub.Rule, len(releases))
	total := 0
	for i := range releases {
		total += len(releases[i].Depends) + len(releases[i].Requires)
	}
	all := make([]int32, 0, total)
	if clear(p.groupAt); total > 1000 {
		defer func() { p.groupAt = map[groupKey]int32{} }() // to clear a map takes as long as it ever was large
	}
	for i := range releases {
		r, from := &releases[i], len(all)
		for j := range r.Depends {
			all = append(all, n.add(p.groupAt, pubgrub.Version(i+1), &r.Depends[j], dependency))
		}
		for j := range r.Requires {
			if !r.meets(&r.Requires[j]) {
				all = append(all, n.add(p.groupAt, pubgrub.Version(i+1), &r.Requires[j], requirement))
			}
		}
		n.of[i] = all[from:]
	}
}

// add puts version v into the group of what it needs, and returns the position of the group.
func (n *needs) add(at map[groupKey]int32, v pubgrub.Version, need *Need, k kind) int32 {
	key := groupKey{needKey{need.Name, need.Constraint.String()}, k}
	i, ok := at[key]
	if !ok {
		i = int32(len(n.groups))
		at[key] = i
		n.groups = append(n.groups, group{need: need, kind: k})
	}
	n.groups[i].own = n.groups[i].own.With(v)
	return i
}

// rulesOf returns the rules of a version; not nil if there are none.
func (p *problem) rulesOf(q pubgrub.Package, v pubgrub.Version) []*pubgrub.Rule {
	n := &p.needs[q]
	rules := make([]*pubgrub.Rule, 0, len(n.of[v-1]))
	for _, i := range n.of[v-1] {
		g := &n.groups[i]
		if !g.made {
			g.rule, g.made = p.state(q, g), true
		}
		if g.rule != nil && g.rule.Terms[0].Set.Contains(v) {
			rules = append(rules, g.rule)
		}
	}
	return rules
}

// state makes the rule of a group; nil if there is nothing to be said.
func (p *problem) state(q pubgrub.Package, g *group) *pubgrub.Rule {
	f := fact{kind: g.kind, owner: q, own: g.own, need: g.need}
	var demand []pubgrub.Term
	if g.kind == dependency {
		target := p.catalog.names[g.need.Name]
		demand = p.demand(target, p.matching(target, g.need))
	} else {
		demand = p.require(g.need)
	}
	if len(demand) > 0 && demand[0].Package == q { // a version may need another of its own package, which cannot be
		f.own = f.own.Intersect(demand[0].Set)
		demand = nil
	}
	if len(f.own) == 0 {
		return nil
	}
	return p.rule(f, append([]pubgrub.Term{{Package: q, Set: f.own}}, demand...))
}
