package solve

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/planner/pubgrub"
)

// table is the problem of one stack, as the solver sees it: nodes, which it calls packages, and rules.
type table struct {
	nodes []node
	facts []fact // by pubgrub.Rule.ID
}

// node is a package with its versions, or a choice between a few possibilities, the preferred one last.
type node struct {
	name      string // of the package; "" for a choice
	versions  int
	rules     [][]*pubgrub.Rule // by version
	rank      int
	preferred pubgrub.Version // taken if it is allowed; 0 for none
}

// Ranks of nodes. Who meets a requirement is settled before versions are: a component of the stack comes before a default, even
// if it has to be in an older version.
const (
	rankChoice = iota
	rankPackage
)

// fact is what a rule says, for people.
type fact struct {
	tell    func() string // a sentence without its full stop; nil if another fact says it
	at      *hcl.Range    // where it is written; nil for nowhere
	summary string        // of a conflict that is this fact alone; "" for one that cannot be
	passing bool          // it only leads to the next one
	change  string        // what could be done, such as "change the version of app.shop"; "" for nothing
	loose   *pubgrub.Rule // the rule as it would be without a constraint of the stack; nil for none
}

var _ pubgrub.Problem = (*table)(nil)

func (t *table) node(versions, rank int) pubgrub.Package {
	t.nodes = append(t.nodes, node{versions: versions, rules: make([][]*pubgrub.Rule, versions), rank: rank})
	return pubgrub.Package(len(t.nodes) - 1)
}

// rule makes a rule that is not in force.
func (t *table) rule(f fact, terms ...pubgrub.Term) *pubgrub.Rule {
	r := &pubgrub.Rule{ID: len(t.facts), Terms: terms}
	t.facts = append(t.facts, f)
	return r
}

// state puts a rule in force: it is brought by the versions that its first term is about.
func (t *table) state(f fact, terms ...pubgrub.Term) {
	terms, possible := merged(terms)
	if !possible {
		return
	}
	rule := t.rule(f, terms...)
	owner, set := &t.nodes[terms[0].Package], terms[0].Set
	for v := range pubgrub.Version(owner.versions) {
		if set.Contains(v + 1) {
			owner.rules[v] = append(owner.rules[v], rule)
		}
	}
}

// merged makes one term of those about one package, as when a package needs another version of itself. It reports false if
// they cannot all be true, so that there is nothing to forbid.
func merged(terms []pubgrub.Term) (distinct []pubgrub.Term, possible bool) {
	for _, term := range terms {
		at := slices.IndexFunc(distinct, func(d pubgrub.Term) bool { return d.Package == term.Package })
		if at < 0 {
			distinct = append(distinct, term)
			continue
		}
		if distinct[at].Set = distinct[at].Set.Intersect(term.Set); len(distinct[at].Set) == 0 {
			return nil, false
		}
	}
	return distinct, true
}

// missing is the term that is true when p is not there in one of the versions; no term if there are none, since then it
// is always true.
func (t *table) missing(p pubgrub.Package, versions pubgrub.Set) []pubgrub.Term {
	if len(versions) == 0 {
		return nil
	}
	return []pubgrub.Term{{Package: p, Set: versions.Others(pubgrub.Version(t.nodes[p].versions))}}
}

// is is the term that is true when p is there in one of the versions.
func is(p pubgrub.Package, versions ...pubgrub.Version) pubgrub.Term {
	return pubgrub.Term{Package: p, Set: pubgrub.SetOf(versions...)}
}

// Versions counts the versions of p.
func (t *table) Versions(p pubgrub.Package) int { return t.nodes[p].versions }

// Rules returns the rules of a version.
func (t *table) Rules(p pubgrub.Package, v pubgrub.Version) []*pubgrub.Rule {
	return t.nodes[p].rules[v-1]
}

// Rank is the order of decisions.
func (t *table) Rank(p pubgrub.Package) int { return t.nodes[p].rank }

// Choose takes what is preferred, or else the last one.
func (t *table) Choose(p pubgrub.Package, allowed pubgrub.Set, _ func(pubgrub.Package) pubgrub.Set) pubgrub.Version {
	if v := t.nodes[p].preferred; v != 0 && allowed.Contains(v) {
		return v
	}
	return allowed.Max()
}
