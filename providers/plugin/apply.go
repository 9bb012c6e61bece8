package plugin

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// applyStream is one call of Apply.
type applyStream = grpc.BidiStreamingServer[protocol.ApplyRequest, protocol.ApplyResponse]

func (s *server) Apply(stream applyStream) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	change := first.GetChange()
	if change == nil {
		return status.Error(codes.InvalidArgument, "the first message has to be the change")
	}
	resource, ty, err := s.find(change.GetType())
	if err != nil {
		return err
	}
	request, err := requestOf(change, ty)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	go stopWhenAsked(stream, cancel)
	done, err := s.turns.take(stream.Context(), request.Identity)
	if err != nil {
		return err
	}
	defer done()
	news := newNews(stream.Send)
	request.Report = sdk.Report{Progress: news.progress, Log: news.log}
	v, diags := guarded(func() (cty.Value, sdk.Diagnostics) { return apply(ctx, resource, request) })
	news.close()
	value, err := wire.FromValue(v, ty)
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return stream.Send(&protocol.ApplyResponse{Message: &protocol.ApplyResponse_Result{
		Result: &protocol.Result{Value: value, Diagnostics: wire.FromDiagnostics(diags)},
	}})
}

func requestOf(m *protocol.Change, ty cty.Type) (sdk.ApplyRequest, error) {
	id, err := identity(m.GetIdentity(), ty)
	if err != nil {
		return sdk.ApplyRequest{}, err
	}
	before, err := given("before", m.GetBefore(), ty)
	if err != nil {
		return sdk.ApplyRequest{}, err
	}
	after, err := given("after", m.GetAfter(), ty)
	if err != nil {
		return sdk.ApplyRequest{}, err
	}
	planned, err := foreseen("planned", m.GetPlanned(), ty)
	return sdk.ApplyRequest{Identity: id, Before: before, After: after, Token: m.GetToken(), Undo: m.GetUndo(), Planned: planned}, err
}

// apply makes a change. One of a type that plans is planned here if recipe has not asked for that: an earlier one does not know
// plans. It has shown no replacement that only the type knows of, so none is made.
func apply(ctx context.Context, resource sdk.Resource, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	planner, ok := resource.(sdk.Planner)
	if !ok || r.Undo || r.After.IsNull() || r.Planned != cty.NilVal {
		return resource.Apply(ctx, r)
	}
	planned, diags := planner.Plan(ctx, sdk.PlanRequest{Identity: r.Identity, Before: r.Before, Wanted: r.After})
	switch {
	case diags.HasErrors():
		return r.Untouched(), diags
	case planned.Replace != nil:
		return r.Untouched(), sdk.Errorf("this change needs a newer recipe", "A change of %s needs a new thing. This recipe does not ask plugins for that, so its plan has not shown it. Nothing was changed.",
			strings.Join(planned.Replace, ", "))
	}
	r.Planned = planned.After
	return resource.Apply(ctx, r)
}

// stopWhenAsked cancels a call that is asked to stop, or whose caller is gone. A caller that has nothing more to say is not.
func stopWhenAsked(stream applyStream, cancel context.CancelFunc) {
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil || m.GetStop() != nil {
			cancel()
			return
		}
	}
}
