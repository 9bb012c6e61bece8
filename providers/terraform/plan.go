package terraform

import (
	"context"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/nsynapse/recipe/providers/sdk"
)

// Plan implements sdk.Planner.
func (r resource) Plan(ctx context.Context, q sdk.PlanRequest) (sdk.Planned, sdk.Diagnostics) {
	f := r.frameOf(q.Wanted)
	if !f.provider.IsWhollyKnown() || !f.imported.IsKnown() {
		return r.guess(q, f), nil // there is nobody to ask yet
	}
	i, leave, diags := r.use(ctx, f.provider)
	if diags.HasErrors() {
		return sdk.Planned{}, diags
	}
	defer leave()
	if diags = r.check(ctx, i, f.config); diags.HasErrors() {
		return sdk.Planned{}, diags
	}
	was, more := r.from(ctx, i, q, &f)
	if diags = append(diags, more...); diags.HasErrors() {
		return sdk.Planned{}, diags
	}
	next, more := r.foresee(ctx, i, was, f.config)
	if diags = append(diags, more...); diags.HasErrors() {
		return sdk.Planned{}, diags
	}
	answer := sdk.Planned{Replace: next.replace}
	switch {
	case next.replace != nil && q.Before.IsNull():
		return answer, append(diags, r.cannotTakeOver(f.imported, next.replace, was.state)...)
	case next.replace != nil:
		f.imported = cty.NullVal(cty.String)
		next, more = r.foresee(ctx, i, thing{state: cty.NullVal(r.ty)}, f.config)
		if diags = append(diags, more...); diags.HasErrors() {
			return sdk.Planned{}, diags
		}
	case !f.imported.IsNull() && q.Before.IsNull():
		answer.Reason = "it is there already and is taken over"
	}
	var err error
	if answer.After, err = r.prospective(q, f, next, answer.Replace == nil); err != nil {
		return sdk.Planned{}, append(diags, r.unusable(err)...)
	}
	return answer, diags
}

// from is the thing that a plan begins with: what is there, what is to be taken over, or nothing. It settles in f whether
// the thing is taken over.
func (r resource) from(ctx context.Context, i *instance, q sdk.PlanRequest, f *frame) (thing, sdk.Diagnostics) {
	if q.Before.IsNull() {
		if q.Known != cty.NilVal && !q.Known.IsNull() {
			f.imported = cty.NullVal(cty.String) // it was ours, and is made anew
		}
		if f.imported.IsNull() {
			return thing{state: cty.NullVal(r.ty)}, nil
		}
		return r.takeOver(ctx, i, f.imported.AsString())
	}
	f.imported = q.Before.GetAttr(importAttribute)
	p, err := pastOf(q.Before)
	if err != nil {
		return thing{}, r.fault(err)
	}
	return r.recall(ctx, i, p)
}

// prospective is our value of what the provider plans. What does not change is as before, to the letter.
func (r resource) prospective(q sdk.PlanRequest, f frame, next prospect, same bool) (cty.Value, error) {
	if same && !q.Before.IsNull() {
		p, err := pastOf(q.Before)
		if err != nil {
			return cty.NilVal, err
		}
		was := r.block.kept(r.outline(q.Before))
		if p != nil && next.state.RawEquals(was) && !r.rewrites(p, f.config) {
			parts := q.Before.AsValueMap()
			parts[sdk.ProviderAttribute] = f.provider
			return cty.ObjectVal(parts), nil
		}
	}
	v, err := r.value(next.thing, f)
	if err != nil || v.IsNull() {
		return v, err
	}
	parts := v.AsValueMap()
	parts[stateAttribute] = cty.UnknownVal(cty.String)
	return cty.ObjectVal(parts), nil
}

// rewrites reports whether a configuration has other values than the thing was made from where no state shows it.
func (k *kind) rewrites(p *past, config cty.Value) bool {
	if !k.block.writesOnly() {
		return false
	}
	return !p.written(k, cty.NullVal(k.ty)).RawEquals(config)
}

// guess is the plan that can be made without the provider, whose configuration is not known yet.
func (r resource) guess(q sdk.PlanRequest, f frame) sdk.Planned {
	parts := r.block.open(f.config).AsValueMap()
	parts[sdk.ProviderAttribute], parts[importAttribute] = f.provider, f.imported
	parts[stateAttribute] = cty.UnknownVal(cty.String)
	if !q.Before.IsNull() {
		parts[importAttribute] = q.Before.GetAttr(importAttribute)
	}
	return sdk.Planned{After: cty.ObjectVal(parts), Reason: "the configuration of its provider is not known yet"}
}

// mostShown is how long the value of an attribute may be that an error shows, in bytes.
const mostShown = 200

// cannotTakeOver tells what has to be written for the thing that was found, but for what is secret or long.
func (r resource) cannotTakeOver(id cty.Value, replace []string, found cty.Value) sdk.Diagnostics {
	var parts []string
	for _, name := range replace {
		part := name
		if a := r.block.attributes[name]; a != nil && !a.secret() && found.GetAttr(name).IsWhollyKnown() {
			v := found.GetAttr(name)
			if text, err := ctyjson.Marshal(v, v.Type()); err == nil && len(text) <= mostShown {
				part += fmt.Sprintf(" (it has %s)", text)
			}
		}
		parts = append(parts, part)
	}
	return sdk.Errorf("It cannot be taken over as it is wanted", "The thing with the id %q would have to be replaced for %s. Write these as they are, or have a new one made.",
		id.AsString(), strings.Join(parts, ", "))
}

// takeOver finds a thing that is there already by its id.
func (r resource) takeOver(ctx context.Context, i *instance, id string) (thing, sdk.Diagnostics) {
	found, diags := r.imported(ctx, i, id)
	if diags.HasErrors() {
		return thing{}, diags
	}
	now, more := r.look(ctx, i, found)
	if diags = append(diags, more...); diags.HasErrors() {
		return thing{}, diags
	}
	if now.state.IsNull() {
		return thing{}, append(diags, sdk.Diagnostic{Summary: "There is nothing to take over", Detail: fmt.Sprintf("The provider knows no %s with the id %q.", r.kind.name, id)})
	}
	return now, diags
}
