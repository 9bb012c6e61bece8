package apply

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// call asks the provider to bring the thing of task i from before to after and returns how it is then, with what is
// sensitive marked again. A value of NilVal means that nothing is known of it.
//
// A task found begun is settled the same way: the token is the one of the first attempt, and Apply with a token
// looks before it repeats.
func (c *carrier) call(ctx context.Context, i int32, before, after cty.Value, token string, undo bool) (result cty.Value, err error) {
	change := &c.changes[i]
	resource := c.Provider.Resource(change.Type)
	if resource == nil {
		return cty.NilVal, fmt.Errorf("internal error: nobody supplies the resource type %s", change.Type)
	}
	defer func() {
		// One provider's fault must not end the agent, and with it the supervision of everything else.
		if fault := recover(); fault != nil {
			result, err = cty.NilVal, redacted{fmt.Errorf("internal error: the provider of %s panicked: %v\n%s", change.Type, fault, debug.Stack()), []cty.Value{before, after}}
		}
	}()
	part := change.Addr.String()
	if undo {
		part = UndoPart(part)
	}
	ctx = sdk.WithTraceparent(ctx, c.Trace.Part(part).String())
	planned, err := c.planned(i, resource, undo)
	if err != nil {
		return cty.NilVal, err
	}
	clearBefore, _ := before.UnmarkDeep()
	clearAfter, _ := after.UnmarkDeep()
	result, diags := resource.Apply(ctx, sdk.ApplyRequest{
		Identity: sdk.Identity{Address: change.Addr.String(), Stack: c.run.Plan.Stack, Known: clearBefore},
		Before:   clearBefore, After: clearAfter, Token: token, Undo: undo, Report: c.report(i, before, after),
		Planned: planned,
	})
	schema := c.types[change.Type]
	if result != cty.NilVal && !result.IsNull() {
		if !result.Type().Equals(schema.Object()) {
			return cty.NilVal, fmt.Errorf("internal error: the provider of %s returned a value outside its schema", change.Type)
		}
		like := after
		if after.IsNull() {
			like = before
		}
		result = plan.Remark(result, like, schema)
		if schema.Plugin {
			result = plan.Conceal(result, schema, before, after)
		}
	}
	c.warn(i, diags, before, after)
	if err := diags.Err(); err != nil {
		return result, redacted{err, []cty.Value{before, after}}
	}
	if !after.IsNull() && !result.IsWhollyKnown() {
		return cty.NilVal, fmt.Errorf("internal error: the provider of %s left something unknown", change.Type)
	}
	return result, nil
}

// warn passes on what a provider wants the user to know besides, without the secrets it was given.
func (c *carrier) warn(i int32, said sdk.Diagnostics, given ...cty.Value) {
	for k := range said {
		if said[k].Severity == sdk.Warning {
			c.emit(i, Event{Phase: Said, Text: "warning: " + state.Redact(said[k].Text(), given...)})
		}
	}
}

// planned is what the plan shows of a thing whose type plans for itself; NilVal for others and for an undo.
func (c *carrier) planned(i int32, resource sdk.Resource, undo bool) (cty.Value, error) {
	if _, plans := resource.(sdk.Planner); !plans || undo || len(c.changes[i].After) == 0 {
		return cty.NilVal, nil
	}
	v, err := c.decode(i, c.changes[i].After)
	v, _ = v.UnmarkDeep()
	return v, err
}

// plans reports whether the type of task i plans for itself.
func (c *carrier) plans(i int32) bool {
	_, plans := c.Provider.Resource(c.changes[i].Type).(sdk.Planner)
	return plans
}
