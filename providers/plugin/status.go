package plugin

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Status answers for a Resource that is an sdk.Observer.
func (s *server) Status(ctx context.Context, m *protocol.StatusRequest) (*protocol.StatusResponse, error) {
	resource, ty, err := s.find(m.GetType())
	if err != nil {
		return nil, err
	}
	observer, ok := resource.(sdk.Observer)
	if !ok {
		return nil, status.Errorf(codes.Unimplemented, "the type %q tells no status", m.GetType())
	}
	id, err := identity(m.GetIdentity(), ty)
	if err != nil {
		return nil, err
	}
	done, err := s.turns.take(ctx, id)
	if err != nil {
		return nil, err
	}
	defer done()
	found, diags := observed(func() (*sdk.Status, sdk.Diagnostics) { return observer.Status(ctx, id) })
	return &protocol.StatusResponse{Status: wire.FromStatus(found), Diagnostics: wire.FromDiagnostics(diags)}, nil
}

// observed is guarded for Status.
func observed(call func() (*sdk.Status, sdk.Diagnostics)) (s *sdk.Status, diags sdk.Diagnostics) {
	defer func() {
		if fault := recover(); fault != nil {
			s, diags = nil, panicked(fault)
		}
	}()
	return call()
}
