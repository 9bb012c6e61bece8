package solve

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/planner/pubgrub"
)

// maxConflicts is how many independent conflicts are told at once.
const maxConflicts = 10

// Solve chooses a version for every root and for everything they depend on, and who meets each requirement: in this order, the
// component that the stack binds, the one component of the stack that provides the service, or a default implementation
// that the source knows, which is then added. All of it is one problem, so a version gives way to what others need. Of those that
// fit a locked version is taken, or else the newest. The diagnostics tell each conflict as a story.
func Solve(ctx context.Context, wanted *Wanted, source Source) (*Lock, hcl.Diagnostics) {
	m := build(ctx, wanted, source)
	if m.diags.HasErrors() {
		return &Lock{}, m.diags
	}
	solver := pubgrub.NewSolver(&m.table)
	demands := m.roots
	for range maxConflicts {
		result := solver.Solve(demands)
		if result.Solvable && m.diags.HasErrors() {
			break
		}
		if result.Solvable {
			return m.lock(result.Chosen), m.diags
		}
		blamed := m.explain(solver, demands, result.Core)
		if len(blamed) == 0 {
			break
		}
		demands = slices.DeleteFunc(slices.Clone(demands), func(r *pubgrub.Rule) bool { return blamed[r] })
	}
	return &Lock{}, m.diags
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
