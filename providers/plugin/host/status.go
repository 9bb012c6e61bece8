package host

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

var _ sdk.Observer = resource{}

// Status implements sdk.Observer. The type's patience is no matter here: who is asked every few seconds answers soon.
func (r resource) Status(ctx context.Context, id sdk.Identity) (*sdk.Status, sdk.Diagnostics) {
	defer r.plugin.use()()
	r.plugin.said.begin()
	defer func() { r.plugin.said.end(r.secrets(id.Known)) }()
	identity, err := r.identity(id)
	if err != nil {
		return nil, r.fault(err)
	}
	l, err := r.plugin.link(ctx)
	if err != nil {
		return nil, r.notStarted(err)
	}
	call, cancel := patient(ctx, defaultPatience)
	defer cancel()
	answer, err := l.client().Status(call, &protocol.StatusRequest{Type: r.name, Identity: identity})
	if status.Code(err) == codes.Unimplemented {
		return nil, nil
	}
	if err != nil {
		return nil, r.broken(call, l, err)
	}
	s, err := wire.ToStatus(answer.GetStatus())
	if err != nil {
		return nil, r.unusable(err)
	}
	return s, wire.ToDiagnostics(answer.GetDiagnostics())
}
