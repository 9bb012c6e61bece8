package catalog

import "github.com/nsynapse/recipe/planner/pubgrub"

// kind says what a fact is.
type kind int

const (
	root        kind = iota // the query asks for a package
	dependency              // versions of a package need a version of another
	requirement             // versions of a package need a service
	provision               // one provider of a choice
)

// fact is what a rule says, for people.
type fact struct {
	kind  kind
	owner pubgrub.Package
	own   pubgrub.Set // versions of owner of which it is true
	need  *Need
}

// fact returns what a rule of the problem or of the query says.
func (q *query) fact(rule *pubgrub.Rule) fact {
	if n := q.roots[rule]; n != nil {
		return fact{kind: root, need: n}
	}
	return q.problem.facts[rule.ID]
}

// demanded returns what a rule demands: a package and versions of it. ok is false for a rule that demands nothing, which is
// one that cannot be kept by the versions that it is about.
func demanded(p *problem, rule *pubgrub.Rule) (q pubgrub.Package, versions pubgrub.Set, ok bool) {
	for _, t := range rule.Terms {
		if t.Set.Contains(pubgrub.Absent) {
			return t.Package, pubgrub.Range(1, pubgrub.Version(p.Versions(t.Package))).Without(t.Set), true
		}
	}
	return 0, nil, false
}
