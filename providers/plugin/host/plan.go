package host

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// planner is a type of a plugin that plans for itself.
type planner struct{ resource }

var _ sdk.Planner = planner{}

// Plan implements sdk.Planner. What it answers keeps the promises of a planner.
func (r planner) Plan(ctx context.Context, q sdk.PlanRequest) (answer sdk.Planned, diags sdk.Diagnostics) {
	defer r.plugin.use()()
	r.plugin.said.begin()
	defer func() { r.plugin.said.end(r.secrets(q.Known, q.Before, q.Wanted, answer.After)) }()
	return r.plan(ctx, q)
}

func (r planner) plan(ctx context.Context, q sdk.PlanRequest) (sdk.Planned, sdk.Diagnostics) {
	request, err := r.planRequest(q)
	if err != nil {
		return sdk.Planned{}, r.fault(err)
	}
	l, err := r.plugin.link(ctx)
	if err != nil {
		return sdk.Planned{}, r.notStarted(err)
	}
	call, cancel := patient(ctx, r.patience)
	defer cancel()
	m, err := l.client().Plan(call, request)
	if status.Code(err) == codes.Unimplemented {
		return sdk.Planned{}, r.unusable(fmt.Errorf("its schema says that the type %s plans, and it has no plan for it", r.name))
	}
	if err != nil {
		return sdk.Planned{}, r.broken(call, l, err)
	}
	diags := wire.ToDiagnostics(m.GetDiagnostics())
	if diags.HasErrors() {
		return sdk.Planned{}, diags
	}
	answer, err := r.answer(m, q)
	if err != nil {
		return sdk.Planned{}, append(r.unusable(err), diags...)
	}
	return answer, diags
}

func (r planner) planRequest(q sdk.PlanRequest) (*protocol.PlanRequest, error) {
	id, err := r.identity(q.Identity)
	if err != nil {
		return nil, err
	}
	before, err := wire.FromValue(q.Before, r.object)
	if err != nil {
		return nil, err
	}
	wanted, err := wire.FromProspect(q.Wanted, r.object)
	return &protocol.PlanRequest{Type: r.name, Identity: id, Before: before, Wanted: wanted}, err
}

// answer reads what a plugin plans, and holds it against what it may.
func (r planner) answer(m *protocol.PlanResponse, q sdk.PlanRequest) (sdk.Planned, error) {
	after, err := wire.ToProspect(m.GetAfter(), r.object)
	if err != nil {
		return sdk.Planned{}, fmt.Errorf("what it plans: %w", err)
	}
	if len(m.GetReplace()) > len(r.schema.Attributes) {
		return sdk.Planned{}, fmt.Errorf("it plans to replace the thing for more attributes than there are")
	}
	answer := sdk.Planned{After: after, Replace: slices.Compact(slices.Sorted(slices.Values(m.GetReplace()))), Reason: wire.Reason(m.GetReason())}
	if err := answer.Check(r.schema, q); err != nil {
		return answer, err
	}
	secrets := r.secrets(q.Known, q.Before, q.Wanted, after)
	if slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(m.GetReason(), secret) }) {
		return answer, fmt.Errorf("its reason shows a sensitive value")
	}
	return answer, r.discreet(after, q.Before, q.Wanted)
}
