package plugin

import (
	"context"

	"github.com/zclconf/go-cty/cty"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

func (s *server) Plan(ctx context.Context, m *protocol.PlanRequest) (*protocol.PlanResponse, error) {
	resource, ty, err := s.find(m.GetType())
	if err != nil {
		return nil, err
	}
	planner, ok := resource.(sdk.Planner)
	if !ok {
		return nil, status.Errorf(codes.Unimplemented, "the type %q does not plan", m.GetType())
	}
	q, err := planRequestOf(m, ty)
	if err != nil {
		return nil, err
	}
	done, err := s.turns.take(ctx, q.Identity)
	if err != nil {
		return nil, err
	}
	defer done()
	planned, diags := guarded(func() (sdk.Planned, sdk.Diagnostics) { return planner.Plan(ctx, q) })
	after, err := wire.FromProspect(planned.After, ty)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &protocol.PlanResponse{After: after, Replace: planned.Replace, Reason: wire.Reason(planned.Reason), Diagnostics: wire.FromDiagnostics(diags)}, nil
}

func planRequestOf(m *protocol.PlanRequest, ty cty.Type) (sdk.PlanRequest, error) {
	id, err := identity(m.GetIdentity(), ty)
	if err != nil {
		return sdk.PlanRequest{}, err
	}
	before, err := given("before", m.GetBefore(), ty)
	if err != nil {
		return sdk.PlanRequest{}, err
	}
	wanted, err := foreseen("wanted", m.GetWanted(), ty)
	if err == nil && (wanted == cty.NilVal || wanted.IsNull() || !wanted.IsKnown()) {
		err = status.Error(codes.InvalidArgument, "wanted: it is missing")
	}
	return sdk.PlanRequest{Identity: id, Before: before, Wanted: wanted}, err
}

// foreseen reads a value of a request that may be unknown in parts; none is NilVal.
func foreseen(what string, m *protocol.Prospect, ty cty.Type) (cty.Value, error) {
	v, err := wire.ToProspect(m, ty)
	if err != nil {
		return v, status.Errorf(codes.InvalidArgument, "%s: %s", what, err)
	}
	return v, nil
}
