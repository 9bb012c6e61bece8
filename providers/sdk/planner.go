package sdk

import (
	"context"

	"github.com/zclconf/go-cty/cty"
)

// A Planner is a Resource that says itself how a thing will turn out, because only it knows its defaults and which changes
// need a new thing. The engine asks it once for each plan, and again inside Apply nobody but itself. The schema of its type says
// so with Plans. What it promises of its answers is at Planned.Check.
type Planner interface {
	Resource
	// Plan says how a change would turn out. It changes nothing. With an error there is no plan. It is not asked of a thing that
	// goes away.
	Plan(ctx context.Context, r PlanRequest) (Planned, Diagnostics)
}

// PlanRequest is a change that is thought of.
type PlanRequest struct {
	Identity
	Before cty.Value // as it is now; null if there is nothing, and for what is made anew
	Wanted cty.Value // as the recipe says, parts of it perhaps unknown; what it does not say is null or the default
}

// Planned is how a change would turn out.
type Planned struct {
	// After is the thing after the change, unknown where that is not known before. It equals Before if nothing changes.
	After cty.Value
	// Replace are attributes whose change needs a new thing: After is that one then. Nil without a Before.
	Replace []string
	// Reason says why, in a few words; "" for what the engine finds.
	Reason string
}
