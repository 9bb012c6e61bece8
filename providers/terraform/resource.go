package terraform

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// resource is one resource type of a provider.
type resource struct {
	*Provider
	*kind
}

var _ sdk.Planner = resource{}

// Read implements sdk.Resource.
func (r resource) Read(ctx context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	null := cty.NullVal(r.kind.schema.Object())
	p, err := pastOf(id.Known)
	if err != nil {
		return cty.NilVal, r.fault(err)
	}
	if p == nil {
		return null, nil
	}
	i, leave, diags := r.use(ctx, id.Known.GetAttr(sdk.ProviderAttribute))
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	defer leave()
	known, diags := r.recall(ctx, i, p)
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	now, more := r.look(ctx, i, known)
	if diags = append(diags, more...); diags.HasErrors() {
		return cty.NilVal, diags
	}
	v, err := r.value(now, frame{provider: id.Known.GetAttr(sdk.ProviderAttribute), config: p.written(r.kind, now.state), imported: id.Known.GetAttr(importAttribute)})
	if err != nil {
		return cty.NilVal, append(diags, r.unusable(err)...)
	}
	return v, diags
}

// recall brings what is kept of a thing up to the schema of this release of the provider.
func (r resource) recall(ctx context.Context, i *instance, p *past) (thing, sdk.Diagnostics) {
	if p == nil {
		return thing{state: cty.NullVal(r.ty)}, nil
	}
	answer := &tfplugin6.UpgradeResponse{}
	diags := r.ask(ctx, i.process, callPatience, "UpgradeResourceState",
		&tfplugin6.UpgradeRequest{TypeName: r.kind.name, Version: p.Version, RawState: &tfplugin6.RawState{Json: p.State}}, answer)
	if diags != nil {
		return thing{}, diags
	}
	if diags = diagnosed(answer.GetDiagnostics()); diags.HasErrors() {
		return thing{}, diags
	}
	state, err := r.known(answer.GetUpgradedState())
	if err != nil {
		return thing{}, r.unusable(err)
	}
	return thing{state, p.Private}, diags
}

// look asks how a thing is now; its state is null when it is gone.
func (r resource) look(ctx context.Context, i *instance, t thing) (thing, sdk.Diagnostics) {
	packed, err := pack(t.state, r.ty)
	if err != nil {
		return thing{}, r.fault(err)
	}
	answer := &tfplugin6.ReadResponse{}
	diags := r.ask(ctx, i.process, callPatience, "ReadResource",
		&tfplugin6.ReadRequest{TypeName: r.kind.name, CurrentState: packed, Private: t.private, ClientCapabilities: capable}, answer)
	if diags != nil {
		return thing{}, diags
	}
	if diags = diagnosed(answer.GetDiagnostics()); diags.HasErrors() {
		return thing{}, diags
	}
	if answer.GetDeferred() != nil {
		return thing{}, append(diags, r.unusable(errPutOff)...)
	}
	state, err := r.known(answer.GetNewState())
	if err != nil {
		return thing{}, append(diags, r.unusable(err)...)
	}
	return thing{state, answer.GetPrivate()}, diags
}

// What answers cannot be.
var (
	errPutOff       = fmt.Errorf("it puts the call off, which recipe does not allow")
	errNothingFound = fmt.Errorf("it finds nothing and does not say why")
)

// known reads a state that has to be wholly known.
func (r resource) known(m *tfplugin6.DynamicValue) (cty.Value, error) {
	v, err := unpack(m, r.ty)
	if err == nil && !v.IsWhollyKnown() {
		err = fmt.Errorf("it leaves something unknown")
	}
	return v, err
}

// check has the provider look at a configuration.
func (r resource) check(ctx context.Context, i *instance, config cty.Value) sdk.Diagnostics {
	packed, err := pack(config, r.ty)
	if err != nil {
		return r.fault(err)
	}
	answer := &tfplugin6.Said{}
	diags := r.ask(ctx, i.process, callPatience, "ValidateResourceConfig",
		&tfplugin6.ValidateRequest{TypeName: r.kind.name, Config: packed, ClientCapabilities: capable}, answer)
	if diags != nil {
		return diags
	}
	return diagnosed(answer.GetDiagnostics())
}

// prospect is what the provider plans.
type prospect struct {
	thing
	replace []string // attributes whose change needs a new one, sorted
}

// foresee has the provider plan the change of a thing to a configuration; a null config is its removal.
func (r resource) foresee(ctx context.Context, i *instance, prior thing, config cty.Value) (prospect, sdk.Diagnostics) {
	request := &tfplugin6.PlanRequest{TypeName: r.kind.name, PriorPrivate: prior.private, ClientCapabilities: capable}
	var err error
	for _, part := range []struct {
		to **tfplugin6.DynamicValue
		v  cty.Value
	}{{&request.PriorState, prior.state}, {&request.Config, config}, {&request.ProposedNewState, r.block.proposal(prior.state, config)}} {
		if *part.to, err = pack(part.v, r.ty); err != nil {
			return prospect{}, r.fault(err)
		}
	}
	answer := &tfplugin6.PlanResponse{}
	if diags := r.ask(ctx, i.process, callPatience, "PlanResourceChange", request, answer); diags != nil {
		return prospect{}, diags
	}
	diags := diagnosed(answer.GetDiagnostics())
	if diags.HasErrors() {
		return prospect{}, diags
	}
	if answer.GetDeferred() != nil {
		return prospect{}, append(diags, r.unusable(errPutOff)...)
	}
	state, err := unpack(answer.GetPlannedState(), r.ty)
	if err == nil && state.IsNull() != config.IsNull() {
		err = fmt.Errorf("it plans nothing where something is wanted, or the other way round")
	}
	if err != nil {
		return prospect{}, append(diags, r.unusable(err)...)
	}
	return prospect{thing{state, answer.GetPlannedPrivate()}, replaced(prior.state, state, answer.GetRequiresReplace())}, diags
}

// replaced lists the attributes that a change cannot change in place. Providers also name those that stay.
func replaced(prior, planned cty.Value, paths []*tfplugin6.AttributePath) []string {
	names := map[string]bool{}
	for _, path := range paths {
		steps := path.GetSteps()
		if len(steps) == 0 || prior.IsNull() || planned.IsNull() {
			continue
		}
		name := steps[0].GetAttributeName()
		if prior.Type().HasAttribute(name) && !prior.GetAttr(name).RawEquals(planned.GetAttr(name)) {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
