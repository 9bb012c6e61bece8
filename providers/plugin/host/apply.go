package host

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Apply implements sdk.Resource. Of a call that breaks it is not known what it left, and NilVal is returned.
func (r resource) Apply(ctx context.Context, q sdk.ApplyRequest) (v cty.Value, diags sdk.Diagnostics) {
	defer r.plugin.use()()
	r.plugin.said.begin()
	defer func() { r.plugin.said.end(r.secrets(q.Known, q.Before, q.After, v)) }()
	return r.apply(ctx, q)
}

func (r resource) apply(ctx context.Context, q sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.plugin.untouched(q) {
		return q.After, nil
	}
	if err := r.schema.Held(q.Planned, q.After); err != nil {
		r.plugin.miss(q)
		return cty.NilVal, sdk.Errorf("it would not turn out as the plan shows", "What it is made from has changed since: %s. Nothing was changed; plan again.", err)
	}
	change, err := r.change(q)
	if err != nil {
		return cty.NilVal, r.fault(err)
	}
	l, err := r.plugin.link(ctx)
	if err != nil {
		r.plugin.miss(q)
		return cty.NilVal, r.notStarted(err)
	}
	r.plugin.reach(q)
	result, diags := r.exchange(ctx, l, change, q.Report)
	if result == nil {
		return cty.NilVal, diags
	}
	diags = wire.ToDiagnostics(result.GetDiagnostics())
	v, err := wire.ToValue(result.GetValue(), r.object)
	if err == nil {
		err = r.acceptable(v, q, diags.HasErrors())
	}
	if err != nil {
		return cty.NilVal, append(r.unusable(err), diags...)
	}
	return v, diags
}

func (r resource) change(q sdk.ApplyRequest) (*protocol.ApplyRequest, error) {
	id, err := r.identity(q.Identity)
	if err != nil {
		return nil, err
	}
	before, err := wire.FromValue(q.Before, r.object)
	if err != nil {
		return nil, err
	}
	after, err := wire.FromValue(q.After, r.object)
	if err != nil {
		return nil, err
	}
	planned, err := wire.FromProspect(q.Planned, r.object)
	return &protocol.ApplyRequest{Message: &protocol.ApplyRequest_Change{Change: &protocol.Change{
		Type: r.name, Identity: id, Before: before, After: after, Token: q.Token, Undo: q.Undo, Planned: planned,
	}}}, err
}

// exchange makes the change and returns its result; nil if the call broke, and why.
func (r resource) exchange(ctx context.Context, l link, change *protocol.ApplyRequest, report sdk.Report) (*protocol.Result, sdk.Diagnostics) {
	// The call outlives ctx: what was begun is asked to stop, and says what it left.
	call, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	watch := newWatch(r.patience, cancel)
	defer watch.stop()
	stream, err := l.client().Apply(call)
	if err == nil {
		err = stream.Send(change)
	}
	if err != nil && !errors.Is(err, io.EOF) { // io.EOF: Recv tells why
		return nil, r.broken(call, l, err)
	}
	defer context.AfterFunc(ctx, func() {
		watch.ask(stopPatience)
		_ = stream.Send(&protocol.ApplyRequest{Message: &protocol.ApplyRequest_Stop{Stop: &protocol.Stop{}}}) // Recv tells if it fails
	})()
	news := newLimiter(report)
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil, r.unusable(fmt.Errorf("it ended the call without a result"))
		}
		if err != nil {
			return nil, r.broken(call, l, err)
		}
		watch.heard()
		if result := m.GetResult(); result != nil {
			news.close()
			return result, nil
		}
		news.pass(m)
	}
}
