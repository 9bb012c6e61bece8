package agent

import (
	"context"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// placed are the instances of a plugin. The agent learns of them here and by looking, since no supervisor tells it.
type placed struct {
	sdk.Resource
	agent *Agent
}

// Read implements sdk.Resource.
func (p placed) Read(ctx context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	done, err := p.agent.outside.take(ctx, unitName(id.Stack, id.Address))
	if err != nil {
		return id.Known, sdk.Errorf("it was not looked at", "%s", err)
	}
	defer done()
	return p.Resource.Read(ctx, id)
}

// Apply implements sdk.Resource.
func (p placed) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	done, err := p.agent.outside.take(ctx, unitName(r.Stack, r.Address))
	if err != nil {
		return r.Before, sdk.Errorf("nothing was done", "%s", err)
	}
	defer done()
	return p.apply(ctx, r)
}

// apply is Apply for one whose turn it is.
func (p placed) apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.After.IsNull() {
		return p.remove(ctx, r)
	}
	id := sdk.Identity{Address: r.Address, Stack: r.Stack, Known: r.After}
	if err := p.agent.local.WriteFiles(id); err != nil {
		return r.Before, sdk.Errorf("cannot hand over the bindings", "%s", err)
	}
	v, diags := p.Resource.Apply(ctx, r)
	if !diags.HasErrors() && v != cty.NilVal && !v.IsNull() {
		id.Known = v
		p.agent.outside.forget(unitName(r.Stack, r.Address)) // it is another one now
		p.agent.place(id)
	}
	return v, diags
}

func (p placed) remove(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	p.agent.withdraw(r.Identity) // the router lets go of it first
	before := sdk.Identity{Address: r.Address, Stack: r.Stack, Known: r.Before}
	if !r.Before.IsNull() {
		p.agent.drain(ctx, before)
	}
	v, diags := p.Resource.Apply(ctx, r)
	if diags.HasErrors() || r.Before.IsNull() {
		return v, diags
	}
	p.agent.outside.forget(unitName(r.Stack, r.Address))
	if err := p.agent.local.RemoveFiles(before); err != nil {
		return r.Before, sdk.Errorf("the process has ended, and something of it is left", "%s", err)
	}
	return v, diags
}

// place tells everybody of a process that runs elsewhere.
func (a *Agent) place(id sdk.Identity) {
	ready := id.Known.GetAttr("running").True()
	a.offer(id)
	if a.directory.SetReady(id.Stack, id.Address, ready) {
		a.routes.send()
	}
}

// withdraw takes a process out.
func (a *Agent) withdraw(id sdk.Identity) {
	a.directory.Withdraw(id.Stack, id.Address)
	a.routes.send()
}

// outside is what is known of processes that other executors run, and which of them a call is under way for: there is never a
// second one. Its methods are safe for concurrent use.
type outside struct {
	mu   sync.Mutex
	busy map[string]chan struct{} // by unit; closed when the call is over
	seen map[string]sdk.Status    // by unit, as it was when it was looked at last
}

func newOutside() *outside {
	return &outside{busy: map[string]chan struct{}{}, seen: map[string]sdk.Status{}}
}

// take waits until no call for a unit is under way, and returns what ends the one that begins.
func (o *outside) take(ctx context.Context, unit string) (done func(), err error) {
	for {
		done, free := o.try(unit)
		if done != nil {
			return done, nil
		}
		select {
		case <-free:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// try is take for one who does not wait: without done, free tells when to try again.
func (o *outside) try(unit string) (done func(), free <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if c, busy := o.busy[unit]; busy {
		return nil, c
	}
	c := make(chan struct{})
	o.busy[unit] = c
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.busy, unit)
		close(c)
	}, nil
}

// status is how a unit was when it was looked at last.
func (o *outside) status(unit string) (s sdk.Status, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, ok = o.seen[unit]
	return s, ok
}

// note keeps how a unit is, and returns how it was when it was looked at before; zero for never.
func (o *outside) note(unit string, s sdk.Status) (before sdk.Status) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before = o.seen[unit]
	o.seen[unit] = s
	return before
}

func (o *outside) forget(unit string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.seen, unit)
}
