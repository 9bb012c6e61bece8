package catalog

import (
	"strings"

	"github.com/nsynapse/recipe/planner/pubgrub"
)

// Resolver answers queries about a catalog, one after the other. It is not safe for concurrent use.
type Resolver struct {
	problem   *problem
	solver    *pubgrub.Solver
	minimizer *pubgrub.Minimizer
}

// NewResolver returns a resolver of what is in c.
func NewResolver(c *Catalog) *Resolver {
	p := newProblem(c)
	return &Resolver{problem: p, solver: pubgrub.NewSolver(p), minimizer: pubgrub.NewMinimizer(p)}
}

// Answer is what a query came to.
type Answer struct {
	Solvable    bool
	Versions    map[string]string // of each chosen package, as they are written; nil when there is no solution
	Explanation string            // why there is none; "" when there is one
	Decisions   int               // how many were made, those that were taken back included
	Conflicts   int               // how often the search went wrong
}

// explaining bounds the work of making an explanation short. It is enough for 300 sentences that are all needed.
const explaining = 100_000

// Resolve chooses versions of the packages that are asked for and of all that they need.
func (r *Resolver) Resolve(asked []Need) Answer {
	q := query{problem: r.problem, roots: map[*pubgrub.Rule]*Need{}}
	rules := make([]*pubgrub.Rule, len(asked))
	for i := range asked {
		rules[i] = q.root(&asked[i])
	}
	result := r.solver.Solve(rules)
	answer := Answer{Solvable: result.Solvable, Decisions: result.Decisions, Conflicts: result.Conflicts}
	if result.Solvable {
		answer.Versions = r.versions(result.Chosen)
	} else {
		core := r.minimizer.Minimize(result.Core, explaining)
		answer.Explanation = strings.TrimSpace(q.explain(core) + " " + r.advise(&q, rules, core, result.Conflicts))
	}
	return answer
}

func (r *Resolver) versions(chosen []pubgrub.Choice) map[string]string {
	versions := make(map[string]string, len(chosen))
	for _, c := range chosen {
		if !r.problem.isChoice(c.Package) {
			p := &r.problem.catalog.packages[c.Package]
			versions[p.name] = p.releases[c.Version-1].Text
		}
	}
	return versions
}

// query is what is asked for, as rules.
type query struct {
	problem *problem
	roots   map[*pubgrub.Rule]*Need
}

// root returns the rule that n is there; one that cannot be kept if no version fits.
func (q *query) root(n *Need) *pubgrub.Rule {
	rule := &pubgrub.Rule{ID: -1}
	if p, ok := q.problem.catalog.names[n.Name]; ok {
		rule.Terms = q.problem.demand(p, q.problem.matching(p, n))
	}
	q.roots[rule] = n
	return rule
}
