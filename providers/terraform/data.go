package terraform

import (
	"context"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// data is one data source of a provider. What it has found stays until its arguments change: a plan of what was just applied
// is empty, whatever the world says by then.
type data struct {
	*Provider
	*kind
}

var _ sdk.Planner = data{}

// Read implements sdk.Resource.
func (d data) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	if d.found(id.Known) {
		return id.Known, nil
	}
	return cty.NullVal(d.kind.schema.Object()), nil
}

// found reports whether v is what was read, and not what is wanted only.
func (d data) found(v cty.Value) bool {
	if v == cty.NilVal || v.IsNull() {
		return false
	}
	for name, a := range d.block.attributes {
		if a.computed && !a.optional && !v.GetAttr(name).IsNull() {
			return true
		}
	}
	return false
}

// Plan implements sdk.Planner. The provider is not asked: what it would find now, it need not find later.
func (d data) Plan(_ context.Context, q sdk.PlanRequest) (sdk.Planned, sdk.Diagnostics) {
	provider, config := q.Wanted.GetAttr(sdk.ProviderAttribute), d.config(q.Wanted)
	if !q.Before.IsNull() && q.Before.GetAttr(sdk.ProviderAttribute).RawEquals(provider) {
		if was := d.outline(q.Before); d.block.proposal(was, config).RawEquals(was) {
			return sdk.Planned{After: q.Before}, nil
		}
	}
	parts := d.block.open(config).AsValueMap()
	parts[sdk.ProviderAttribute] = provider
	return sdk.Planned{After: cty.ObjectVal(parts)}, nil
}

// Apply implements sdk.Resource.
func (d data) Apply(ctx context.Context, q sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	switch {
	case ctx.Err() != nil:
		return asItWas(ctx, q), interrupted(ctx)
	case q.After.IsNull():
		return q.After, nil
	case q.Undo && d.found(q.After):
		return q.After, nil
	}
	i, leave, diags := d.use(ctx, q.After.GetAttr(sdk.ProviderAttribute))
	if diags.HasErrors() {
		return asItWas(ctx, q), diags
	}
	defer leave()
	packed, err := pack(d.config(q.After), d.ty)
	if err != nil {
		return asItWas(ctx, q), d.fault(err)
	}
	checked := &tfplugin6.Said{}
	if diags = d.ask(ctx, i.process, callPatience, "ValidateDataResourceConfig", &tfplugin6.ValidateRequest{TypeName: d.kind.name, Config: packed}, checked); diags != nil {
		return asItWas(ctx, q), diags
	}
	if diags = diagnosed(checked.GetDiagnostics()); diags.HasErrors() {
		return asItWas(ctx, q), diags
	}
	answer := &tfplugin6.ReadDataResponse{}
	if more := d.ask(ctx, i.process, callPatience, "ReadDataSource", &tfplugin6.ReadDataRequest{TypeName: d.kind.name, Config: packed, ClientCapabilities: capable}, answer); more != nil {
		return asItWas(ctx, q), append(diags, more...)
	}
	if diags = append(diags, diagnosed(answer.GetDiagnostics())...); diags.HasErrors() {
		return asItWas(ctx, q), diags
	}
	v, err := d.read(answer, q.After.GetAttr(sdk.ProviderAttribute))
	if err != nil {
		return asItWas(ctx, q), append(diags, d.unusable(err)...)
	}
	return v, diags
}

// read is our value of what a data source has found.
func (d data) read(answer *tfplugin6.ReadDataResponse, provider cty.Value) (cty.Value, error) {
	if answer.GetDeferred() != nil {
		return cty.NilVal, errPutOff
	}
	v, err := resource(d).known(answer.GetState())
	if err != nil {
		return cty.NilVal, err
	}
	if v.IsNull() {
		return cty.NilVal, errNothingFound
	}
	parts := v.AsValueMap()
	parts[sdk.ProviderAttribute] = provider
	return cty.ObjectVal(parts), nil
}
