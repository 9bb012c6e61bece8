package terraform

import (
	"context"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/nsynapse/recipe/providers/sdk"
)

// remove deletes a thing. One that is gone is no error.
func (r resource) remove(ctx context.Context, q sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	null := cty.NullVal(r.kind.schema.Object())
	p, err := pastOf(q.Before)
	if err != nil {
		return asItWas(ctx, q), r.fault(err)
	}
	if p == nil {
		return null, r.neverMade(q)
	}
	i, leave, diags := r.use(ctx, q.Before.GetAttr(sdk.ProviderAttribute))
	if diags.HasErrors() {
		return asItWas(ctx, q), diags
	}
	defer leave()
	known, diags := r.recall(ctx, i, p)
	if diags.HasErrors() {
		return asItWas(ctx, q), diags
	}
	was, diags := r.look(ctx, i, known)
	if diags.HasErrors() {
		return asItWas(ctx, q), diags
	}
	if was.state.IsNull() {
		return null, diags
	}
	if q.Undo && p.Found != nil {
		more := r.letGo(ctx, i, q, was, p)
		return null, append(diags, more...)
	}
	none := cty.NullVal(r.ty)
	next := thing{none, was.private}
	if r.types.planDestroy {
		planned, more := r.foresee(ctx, i, was, none)
		if diags = append(diags, more...); diags.HasErrors() {
			return asItWas(ctx, q), diags
		}
		next = planned.thing
	}
	left, more := r.change(ctx, i, q, was, next, none)
	if diags = append(diags, more...); left == nil {
		return cty.NilVal, diags
	}
	if !left.state.IsNull() && !diags.HasErrors() {
		return cty.NilVal, append(diags, r.unusable(fmt.Errorf("there is still something after a deletion"))...)
	}
	v, err := r.value(*left, frame{provider: q.Before.GetAttr(sdk.ProviderAttribute), config: p.written(r.kind, left.state), imported: q.Before.GetAttr(importAttribute)})
	if err != nil {
		return cty.NilVal, append(diags, r.unusable(err)...)
	}
	return v, diags
}

// letGo takes back that a thing was taken over: it becomes what it was, and stays.
func (r resource) letGo(ctx context.Context, i *instance, q sdk.ApplyRequest, now thing, p *past) sdk.Diagnostics {
	found, err := ctyjson.Unmarshal(p.Found, r.ty)
	if err != nil {
		return r.fault(err)
	}
	f := frame{provider: q.Before.GetAttr(sdk.ProviderAttribute), config: r.block.normal(found), imported: cty.NullVal(cty.String)}
	q.Planned = cty.NilVal
	_, diags := r.bring(ctx, i, q, now, f)
	return diags
}

// restore brings a thing back to how it was before the run. One that is still there as it was only has to be known again:
// what lives in the state alone, as a generated key, never goes.
func (r resource) restore(ctx context.Context, q sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	p, err := pastOf(q.After)
	if err != nil {
		return asItWas(ctx, q), r.fault(err)
	}
	if p == nil {
		return asItWas(ctx, q), r.fault(fmt.Errorf("internal error: nothing is kept of how it was"))
	}
	provider := q.After.GetAttr(sdk.ProviderAttribute)
	i, leave, diags := r.use(ctx, provider)
	if diags.HasErrors() {
		return asItWas(ctx, q), diags
	}
	defer leave()
	old, diags := r.recall(ctx, i, p)
	if diags.HasErrors() {
		return asItWas(ctx, q), diags
	}
	f := frame{provider: provider, config: p.written(r.kind, old.state), imported: q.After.GetAttr(importAttribute)}
	if q.Before.IsNull() {
		now, more := r.look(ctx, i, old)
		if more.HasErrors() {
			return asItWas(ctx, q), append(diags, more...)
		}
		if now.state.RawEquals(old.state) {
			return q.After, diags
		}
	}
	was, more := r.begin(ctx, i, q, f)
	if diags = append(diags, more...); diags.HasErrors() {
		return asItWas(ctx, q), diags
	}
	q.Planned = cty.NilVal
	v, more := r.bring(ctx, i, q, was, f)
	return v, append(diags, more...)
}

// sent notes that a creation is on its way.
func (p *Provider) sent(q sdk.ApplyRequest) {
	if q.Before.IsNull() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.unanswered[changed{q.Stack, q.Address}] = true
	}
}

// untouched notes that a creation has left nothing that is not known.
func (p *Provider) untouched(q sdk.ApplyRequest) {
	if q.Before.IsNull() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.unanswered[changed{q.Stack, q.Address}] = false
	}
}

// neverMade takes back a creation of which nothing is known. Nothing is deleted by guess: a provider that is asked to delete
// something without an id may find another. So if the creation was sent, whoever can look has to.
func (r resource) neverMade(q sdk.ApplyRequest) sdk.Diagnostics {
	key := changed{q.Stack, q.Address}
	r.mu.Lock()
	defer r.mu.Unlock()
	open, told := r.unanswered[key]
	delete(r.unanswered, key)
	if told && !open {
		return nil
	}
	return sdk.Errorf("it is not known whether it was made", "The provider %s was ended while it made it. Look for it: remove it by hand, or take it over with import-id.", r.Provider.name)
}
