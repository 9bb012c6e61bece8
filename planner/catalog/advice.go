package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/planner/pubgrub"
)

const (
	maxAdvice  = 3    // how many changes are tried
	hardSearch = 1000 // conflicts; after so many, nothing more is tried
)

// advise tells what could be changed so that a query has an answer, each change tried by itself: to do without the constraint
// on something that is asked for, or without the thing itself. core is what the failure rests on.
func (r *Resolver) advise(q *query, asked, core []*pubgrub.Rule, conflicts int) string {
	if conflicts > hardSearch {
		return ""
	}
	var blamed []*pubgrub.Rule
	for _, rule := range asked {
		if slices.Contains(core, rule) && len(blamed) < maxAdvice {
			blamed = append(blamed, rule)
		}
	}
	var advice []string
	for _, rule := range blamed {
		if text := r.withoutConstraint(q, asked, rule); text != "" {
			advice = append(advice, text)
		}
	}
	if advice == nil && len(asked) > 1 {
		for _, rule := range blamed {
			others := slices.DeleteFunc(slices.Clone(asked), func(other *pubgrub.Rule) bool { return other == rule })
			if r.solver.Solve(others).Solvable {
				advice = append(advice, fmt.Sprintf("Without %s the rest fits.", q.roots[rule].Name))
			}
		}
	}
	if advice == nil {
		return "Only other versions of these packages could change that."
	}
	return strings.Join(advice, " ")
}

// withoutConstraint tells which version there would be if any would do; "" if that is not enough.
func (r *Resolver) withoutConstraint(q *query, asked []*pubgrub.Rule, rule *pubgrub.Rule) string {
	n := q.roots[rule]
	p, ok := r.problem.catalog.names[n.Name]
	known := r.problem.catalog.packages
	if !ok || len(known[p].releases) == 0 || r.problem.matching(p, n).Equal(known[p].all()) {
		return ""
	}
	loose := slices.Clone(asked)
	loose[slices.Index(loose, rule)] = &pubgrub.Rule{ID: -1, Terms: r.problem.demand(p, known[p].all())}
	result := r.solver.Solve(loose)
	if !result.Solvable {
		return ""
	}
	at := slices.IndexFunc(result.Chosen, func(c pubgrub.Choice) bool { return c.Package == p })
	return fmt.Sprintf("Without %s it would be %s %s.", n.Constraint.String(), n.Name, known[p].releases[result.Chosen[at].Version-1].Text)
}
