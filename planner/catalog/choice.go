package catalog

import (
	"cmp"
	"slices"

	"github.com/nsynapse/recipe/planner/pubgrub"
	"github.com/nsynapse/recipe/planner/semver"
)

// choice is the packages that can meet a requirement, the preferred one last: the one that offers the newest fitting
// version of the service, among equals the first by name.
type choice struct {
	need       *Need
	candidates []candidate
	rules      []*pubgrub.Rule // by candidate
}

// candidate is a package with the versions that meet a requirement.
type candidate struct {
	pack    pubgrub.Package
	fitting pubgrub.Set
	newest  semver.Version // of the service
}

// candidates lists who can meet n, in the order of choice.candidates.
func (p *problem) candidates(n *Need) []candidate {
	var list []candidate
	for _, provider := range p.offers[n.Name] {
		c := candidate{pack: provider.pack}
		var versions []pubgrub.Version
		for _, o := range provider.offers {
			if !n.Constraint.Allows(o.Version) {
				continue
			}
			if len(versions) == 0 || o.Version.Compare(c.newest) > 0 {
				c.newest = o.Version
			}
			versions = append(versions, o.version)
		}
		if c.fitting = pubgrub.SetOf(versions...); len(versions) > 0 {
			list = append(list, c)
		}
	}
	name := func(c candidate) string { return p.catalog.packages[c.pack].name }
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(a.newest.Compare(b.newest), cmp.Compare(name(b), name(a)))
	})
	return list
}

// require returns the term that is true when n is not met; none if nothing can meet it.
func (p *problem) require(n *Need) []pubgrub.Term {
	key := needKey{n.Name, n.Constraint.String()}
	q, ok := p.choiceOf[key]
	if !ok {
		candidates := p.candidates(n)
		switch len(candidates) {
		case 0:
			return nil
		case 1:
			return p.demand(candidates[0].pack, candidates[0].fitting)
		}
		q = p.choose(n, candidates)
		p.choiceOf[key] = q
	}
	return p.demand(q, pubgrub.Range(1, pubgrub.Version(p.Versions(q))))
}

// choose makes a choice.
func (p *problem) choose(n *Need, candidates []candidate) pubgrub.Package {
	q := pubgrub.Package(len(p.catalog.packages) + len(p.choices))
	p.choices = append(p.choices, choice{need: n, candidates: candidates})
	c := p.choice(q)
	for i, candidate := range candidates {
		own := pubgrub.SetOf(pubgrub.Version(i + 1))
		f := fact{kind: provision, owner: q, own: own, need: n}
		c.rules = append(c.rules, p.rule(f, append([]pubgrub.Term{{Package: q, Set: own}}, p.demand(candidate.pack, candidate.fitting)...)))
	}
	return q
}
