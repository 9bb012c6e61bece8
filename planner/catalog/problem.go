package catalog

import (
	"slices"

	"github.com/nsynapse/recipe/planner/pubgrub"
)

// problem shows a catalog to the solver. The rules of a package are made when it is first looked at.
type problem struct {
	catalog   *Catalog
	offers    map[string][]provider       // by service, in the order of packages
	choices   []choice                    // numbered after the packages
	choiceOf  map[needKey]pubgrub.Package // by service and constraint
	needs     []needs                     // by package
	facts     []fact                      // by pubgrub.Rule.ID
	matchings map[matchKey]pubgrub.Set    // what constraints allow of packages
	groupAt   map[groupKey]int32          // for group, to be used again
}

// provider is a package that offers a service in some of its versions.
type provider struct {
	pack   pubgrub.Package
	offers []offered // oldest version of the package first
}

type offered struct {
	version pubgrub.Version
	Offer
}

type needKey struct{ name, constraint string }

type matchKey struct {
	pack       pubgrub.Package
	constraint string
}

var _ pubgrub.Problem = (*problem)(nil)

func newProblem(c *Catalog) *problem {
	c.sort()
	p := &problem{catalog: c, offers: map[string][]provider{}, choiceOf: map[needKey]pubgrub.Package{}, matchings: map[matchKey]pubgrub.Set{}, groupAt: map[groupKey]int32{}}
	for i := range c.packages {
		p.collectOffers(pubgrub.Package(i))
	}
	p.needs = make([]needs, len(c.packages))
	p.makeChoices()
	return p
}

// makeChoices numbers all choices now: so the order of queries has no influence on answers.
func (p *problem) makeChoices() {
	for i := range p.catalog.packages {
		for j := range p.catalog.packages[i].releases {
			r := &p.catalog.packages[i].releases[j]
			for k := range r.Requires {
				p.require(&r.Requires[k])
			}
		}
	}
}

func (p *problem) collectOffers(q pubgrub.Package) {
	for i := range p.catalog.packages[q].releases {
		for _, offer := range p.catalog.packages[q].releases[i].Provides {
			list := p.offers[offer.Service]
			if len(list) == 0 || list[len(list)-1].pack != q {
				list = append(list, provider{pack: q})
			}
			last := &list[len(list)-1]
			last.offers = append(last.offers, offered{pubgrub.Version(i + 1), offer})
			p.offers[offer.Service] = list
		}
	}
}

// matching is pack.matching, remembered.
func (p *problem) matching(q pubgrub.Package, n *Need) pubgrub.Set {
	key := matchKey{q, n.Constraint.String()}
	set, ok := p.matchings[key]
	if !ok {
		set = p.catalog.packages[q].matching(&n.Constraint)
		p.matchings[key] = set
	}
	return set
}

// isChoice reports whether q stands for a requirement.
func (p *problem) isChoice(q pubgrub.Package) bool { return int(q) >= len(p.catalog.packages) }

func (p *problem) choice(q pubgrub.Package) *choice {
	return &p.choices[int(q)-len(p.catalog.packages)]
}

// Versions counts versions, those of a choice being its providers.
func (p *problem) Versions(q pubgrub.Package) int {
	if p.isChoice(q) {
		return len(p.choice(q).candidates)
	}
	return len(p.catalog.packages[q].releases)
}

// Rank puts choices last: what is there by then may meet them.
func (p *problem) Rank(q pubgrub.Package) int {
	if p.isChoice(q) {
		return 1
	}
	return 0
}

// Choose prefers the newest version, and of providers one that is there anyway.
func (p *problem) Choose(q pubgrub.Package, allowed pubgrub.Set, known func(pubgrub.Package) pubgrub.Set) pubgrub.Version {
	if !p.isChoice(q) {
		return allowed.Max()
	}
	candidates := p.choice(q).candidates
	for i := len(candidates) - 1; i >= 0; i-- {
		there := known(candidates[i].pack)
		if allowed.Contains(pubgrub.Version(i+1)) && len(there) > 0 && !there.Contains(pubgrub.Absent) && !there.Disjoint(candidates[i].fitting) {
			return pubgrub.Version(i + 1)
		}
	}
	return allowed.Max()
}

// Rules returns the rules of a version.
func (p *problem) Rules(q pubgrub.Package, v pubgrub.Version) []*pubgrub.Rule {
	if p.isChoice(q) {
		return p.choice(q).rules[v-1 : v]
	}
	n := &p.needs[q]
	if n.rules == nil {
		p.group(q)
	}
	if n.rules[v-1] == nil {
		n.rules[v-1] = p.rulesOf(q, v)
	}
	return n.rules[v-1]
}

// meets reports whether r itself provides what it requires.
func (r *Release) meets(n *Need) bool {
	return slices.ContainsFunc(r.Provides, func(o Offer) bool { return o.Service == n.Name && n.Constraint.Allows(o.Version) })
}

// demand returns the term that is true when q is not there in one of the versions; none if it is always true.
func (p *problem) demand(q pubgrub.Package, versions pubgrub.Set) []pubgrub.Term {
	if len(versions) == 0 {
		return nil
	}
	return []pubgrub.Term{{Package: q, Set: versions.Others(pubgrub.Version(p.Versions(q)))}}
}

func (p *problem) rule(f fact, terms []pubgrub.Term) *pubgrub.Rule {
	rule := &pubgrub.Rule{ID: len(p.facts), Terms: terms}
	p.facts = append(p.facts, f)
	return rule
}
