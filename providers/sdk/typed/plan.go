package typed

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// Prospect is a thing that is thought of. Attributes are called by their names in the tags; a name that there is not is a mistake
// of the plugin, which is said.
type Prospect[T any] struct {
	Address string // the stable name, unique in the stack
	Stack   string // the stack that the thing belongs to
	Before  *T     // as it is; nil if there is none yet, and for what is made anew
	Wanted  T      // as wanted; what is not known yet is zero, see Knows. Plan fills in what is computed and settles it
	Reason  string // of Plan: why there is a change, in a few words; "" for what recipe finds

	wanted  cty.Value
	settled map[string]bool
	replace map[string]bool
	missing string // a name that there is not
}

// Knows reports whether all of these attributes are known as they are wanted. What comes from a thing that is changed in the same run
// is not.
func (p *Prospect[T]) Knows(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return p.has(name) && !p.wanted.GetAttr(name).IsWhollyKnown() })
}

// Settle says that the computed attributes will be as they are in Wanted. The others are not known before, unless they are stable.
func (p *Prospect[T]) Settle(names ...string) {
	for _, name := range names {
		p.settled[name] = p.has(name)
	}
}

// Replace says that a change of these attributes needs a new thing, if they change. There is a plan for that one then, without a
// Before. It means nothing without a Before.
func (p *Prospect[T]) Replace(names ...string) {
	for _, name := range names {
		p.replace[name] = p.has(name)
	}
}

func (p *Prospect[T]) has(name string) bool {
	if p.wanted.Type().HasAttribute(name) {
		return true
	}
	p.missing = name
	return false
}

// planner is a Type with a Plan as the sdk wants it.
type planner[T any] struct{ resource[T] }

// Plan implements sdk.Planner.
func (r planner[T]) Plan(ctx context.Context, q sdk.PlanRequest) (sdk.Planned, sdk.Diagnostics) {
	planned, err := r.plan(ctx, q)
	if err == nil && planned.Replace != nil {
		names := planned.Replace
		q.Before = cty.NullVal(r.schema.Object())
		planned, err = r.plan(ctx, q)
		planned.Replace = names
	}
	if err != nil {
		return sdk.Planned{}, failed("cannot plan it", err)
	}
	return planned, nil
}

// plan asks the author once. Of a thing that is replaced Replace is right and After is not.
func (r planner[T]) plan(ctx context.Context, q sdk.PlanRequest) (sdk.Planned, error) {
	p, err := r.prospect(q)
	if err != nil {
		return sdk.Planned{}, err
	}
	if err := r.Type.Plan(ctx, p); err != nil {
		return sdk.Planned{}, err
	}
	if p.missing != "" {
		return sdk.Planned{}, fmt.Errorf("the plugin has a mistake: there is no attribute %q", p.missing)
	}
	after, err := r.after(p, q)
	if err != nil {
		return sdk.Planned{}, err
	}
	return sdk.Planned{After: after, Replace: r.replaces(p, q.Before, after), Reason: p.Reason}, nil
}

func (r planner[T]) prospect(q sdk.PlanRequest) (*Prospect[T], error) {
	before, err := fromValue[T](q.Before)
	if err != nil {
		return nil, err
	}
	wanted, err := fromValue[T](known(q.Wanted))
	if err != nil {
		return nil, err
	}
	return &Prospect[T]{Address: q.Address, Stack: q.Stack, Before: before, Wanted: *wanted,
		wanted: q.Wanted, settled: map[string]bool{}, replace: map[string]bool{}}, nil
}

// known is an object with null for the attributes of which something is not known.
func known(object cty.Value) cty.Value {
	all := object.AsValueMap()
	for name, v := range all {
		if !v.IsWhollyKnown() {
			all[name] = cty.NullVal(v.Type())
		}
	}
	return cty.ObjectVal(all)
}

// after is the thing as it will be: what the author has settled of what is wanted. Where nothing else changes all that is computed
// stays.
func (r planner[T]) after(p *Prospect[T], q sdk.PlanRequest) (cty.Value, error) {
	said, err := toValue(&p.Wanted, known(q.Wanted), r.schema.Object(), func(name string) bool { return p.settled[name] })
	if err != nil {
		return cty.NilVal, err
	}
	all, changes := q.Wanted.AsValueMap(), q.Before.IsNull()
	open := func(name string) bool { return r.schema.Attributes[name].Computed && all[name].IsNull() }
	for name := range r.schema.Attributes {
		if open(name) && p.settled[name] {
			all[name] = said.GetAttr(name)
		}
		changes = changes || !open(name) && !all[name].RawEquals(q.Before.GetAttr(name))
	}
	for name, a := range r.schema.Attributes {
		switch {
		case !open(name):
		case !q.Before.IsNull() && (a.Stable || !changes):
			all[name] = q.Before.GetAttr(name)
		default:
			all[name] = cty.UnknownVal(a.Type)
		}
	}
	return cty.ObjectVal(all), nil
}

// replaces are the attributes that change and need a new thing for that, by the schema or the author; nil for none.
func (r planner[T]) replaces(p *Prospect[T], before, after cty.Value) []string {
	if before.IsNull() {
		return nil
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r.schema.Attributes)) {
		if (r.schema.Attributes[name].Replace || p.replace[name]) && !before.GetAttr(name).RawEquals(after.GetAttr(name)) {
			names = append(names, name)
		}
	}
	return names
}

// Apply implements sdk.Resource. What is planned now has to be what was planned for the user.
func (r planner[T]) Apply(ctx context.Context, q sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if q.Undo || q.After.IsNull() || ctx.Err() != nil {
		return r.resource.Apply(ctx, q)
	}
	now, diags := r.Plan(ctx, sdk.PlanRequest{Identity: q.Identity, Before: q.Before, Wanted: q.After})
	if diags.HasErrors() {
		return q.Untouched(), diags
	}
	if now.Replace != nil {
		return q.Untouched(), sdk.Errorf("it would have to be replaced", "A change of %s needs a new thing, which the plan does not show. Nothing was changed; plan again.", strings.Join(now.Replace, ", "))
	}
	if err := r.schema.Held(q.Planned, now.After); err != nil {
		return q.Untouched(), sdk.Errorf("it would not turn out as the plan shows", "%s. Nothing was changed; plan again.", err)
	}
	q.After = known(now.After)
	return r.resource.Apply(ctx, q)
}
