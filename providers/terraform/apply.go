package terraform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// Apply implements sdk.Resource. Of a call that breaks it is not known what it left, and NilVal is returned.
func (r resource) Apply(ctx context.Context, q sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	switch {
	case ctx.Err() != nil:
		return asItWas(ctx, q), interrupted(ctx)
	case q.After.IsNull():
		return r.remove(ctx, q)
	case q.Undo:
		return r.restore(ctx, q)
	}
	f := r.frameOf(q.After)
	if q.Planned != cty.NilVal && q.Planned.GetAttr(importAttribute).IsKnown() {
		f.imported = q.Planned.GetAttr(importAttribute)
	} else if !q.Before.IsNull() {
		f.imported = q.Before.GetAttr(importAttribute)
	}
	r.untouched(q)
	i, leave, diags := r.use(ctx, f.provider)
	if diags.HasErrors() {
		return asItWas(ctx, q), diags
	}
	defer leave()
	was, diags := r.begin(ctx, i, q, f)
	if diags.HasErrors() {
		return asItWas(ctx, q), diags
	}
	if q.Before.IsNull() && !was.state.IsNull() {
		f.found = was.state
	}
	return r.bring(ctx, i, q, was, f)
}

// asItWas is the answer of a change that failed before it began: what was there. Where the engine would take that for what a
// change has left half done, it is NilVal.
func asItWas(ctx context.Context, q sdk.ApplyRequest) cty.Value {
	if q.Before.IsNull() || ctx.Err() != nil {
		return q.Before
	}
	return cty.NilVal
}

// begin is the thing that a change begins with, as it is now: an attempt that was cut off may have changed it, and what the
// engine remembers may be gone.
func (r resource) begin(ctx context.Context, i *instance, q sdk.ApplyRequest, f frame) (thing, sdk.Diagnostics) {
	if q.Before.IsNull() && !f.imported.IsNull() && !q.Undo {
		return r.takeOver(ctx, i, f.imported.AsString())
	}
	p, err := pastOf(q.Before)
	if err != nil {
		return thing{}, r.fault(err)
	}
	was, diags := r.recall(ctx, i, p)
	if diags.HasErrors() || was.state.IsNull() {
		return was, diags
	}
	return r.look(ctx, i, was)
}

// bring makes of a thing what the configuration says.
func (r resource) bring(ctx context.Context, i *instance, q sdk.ApplyRequest, was thing, f frame) (cty.Value, sdk.Diagnostics) {
	if diags := r.check(ctx, i, f.config); diags.HasErrors() && !q.Undo { // what was made once is made again as it was
		return asItWas(ctx, q), diags
	}
	next, diags := r.foresee(ctx, i, was, f.config)
	if diags.HasErrors() {
		return asItWas(ctx, q), diags
	}
	if next.replace != nil {
		return asItWas(ctx, q), append(diags, sdk.Errorf("it would have to be replaced", "The provider %s now says that a change of %s needs a new one, which the plan did not show. Nothing was changed here; plan again.",
			r.Provider.name, strings.Join(next.replace, ", "))...)
	}
	if err := r.asShown(q.Planned, next.state); err != nil {
		return asItWas(ctx, q), append(diags, r.fault(err)...)
	}
	p, _ := pastOf(q.Before) // begin has read it
	if !was.state.IsNull() && next.state.RawEquals(was.state) && (p == nil || !r.rewrites(p, f.config)) {
		v, err := r.value(was, f)
		if err != nil {
			return asItWas(ctx, q), r.fault(err)
		}
		return v, diags
	}
	now, more := r.change(ctx, i, q, was, next.thing, f.config)
	diags = append(diags, more...)
	if now == nil {
		return cty.NilVal, diags
	}
	v, err := r.value(*now, f)
	switch {
	case err != nil:
		return cty.NilVal, append(diags, r.unusable(err)...)
	case v.IsNull() && !diags.HasErrors():
		return cty.NilVal, append(diags, r.unusable(errors.New("there is nothing after a success"))...)
	}
	return v, diags
}

// asShown holds what the provider plans now against what it planned for the user.
func (r resource) asShown(shown, planned cty.Value) error {
	if shown == cty.NilVal || shown.IsNull() {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(r.block.object().AttributeTypes())) {
		if a := r.block.attributes[name]; a != nil && a.writeOnly {
			continue
		}
		if was := shown.GetAttr(name); was.IsWhollyKnown() && !was.RawEquals(planned.GetAttr(name)) {
			return fmt.Errorf("it plans another value of %q than the plan shows; nothing was changed here; plan again", name)
		}
	}
	return nil
}

// change carries out what was planned; a null next is a removal, whose config is null too. It returns nil if nothing is known
// of what it left.
func (r resource) change(ctx context.Context, i *instance, q sdk.ApplyRequest, was, next thing, config cty.Value) (*thing, sdk.Diagnostics) {
	request := &tfplugin6.ApplyRequest{TypeName: r.kind.name, PlannedPrivate: next.private}
	var err error
	for _, part := range []struct {
		to **tfplugin6.DynamicValue
		v  cty.Value
	}{{&request.PriorState, was.state}, {&request.Config, config}, {&request.PlannedState, next.state}} {
		if *part.to, err = pack(part.v, r.ty); err != nil {
			return nil, r.fault(err)
		}
	}
	r.sent(q)
	answer := &tfplugin6.ApplyResponse{}
	if diags := r.carryOut(ctx, i, request, answer); diags != nil {
		return nil, diags
	}
	r.untouched(q) // it was answered: what it left is known
	diags := diagnosed(answer.GetDiagnostics())
	state, err := unpack(answer.GetNewState(), r.ty)
	if err != nil {
		return nil, append(diags, r.unusable(err)...)
	}
	if !state.IsWhollyKnown() {
		if !diags.HasErrors() {
			diags = append(diags, r.unusable(errors.New("it leaves something unknown after a success"))...)
		}
		state = settled(state)
	}
	return &thing{state, answer.GetPrivate()}, diags
}
