package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// How long we wait for a plugin.
const (
	defaultPatience = 8 * time.Second // for news of a call
	stopPatience    = 5 * time.Second // for the result of an Apply that was asked to stop
	lastWords       = time.Second     // for the end of a process whose connection has broken
)

// resource is one type of a plugin.
type resource struct {
	plugin   *Plugin
	name     string
	schema   sdk.TypeSchema
	object   cty.Type
	patience time.Duration
}

var _ sdk.Resource = resource{}

// Read implements sdk.Resource.
func (r resource) Read(ctx context.Context, id sdk.Identity) (v cty.Value, diags sdk.Diagnostics) {
	defer r.plugin.use()()
	r.plugin.said.begin()
	defer func() { r.plugin.said.end(r.secrets(id.Known, v)) }()
	return r.read(ctx, id)
}

func (r resource) read(ctx context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	identity, err := r.identity(id)
	if err != nil {
		return cty.NilVal, r.fault(err)
	}
	l, err := r.plugin.link(ctx)
	if err != nil {
		return cty.NilVal, r.notStarted(err)
	}
	call, cancel := patient(ctx, r.patience)
	defer cancel()
	answer, err := l.client().Read(call, &protocol.ReadRequest{Type: r.name, Identity: identity})
	if err != nil {
		return cty.NilVal, r.broken(call, l, err)
	}
	diags := wire.ToDiagnostics(answer.GetDiagnostics())
	v, err := wire.ToValue(answer.GetValue(), r.object)
	if err == nil && !diags.HasErrors() {
		err = r.readable(v, id.Known)
	}
	if err != nil {
		return cty.NilVal, r.unusable(err)
	}
	return v, diags
}

func (r resource) identity(id sdk.Identity) (*protocol.Identity, error) {
	known, err := wire.FromValue(id.Known, r.object)
	return &protocol.Identity{Address: id.Address, Stack: id.Stack, Known: known}, err
}

// errSilent is the cause of the end of a plugin that hangs.
func errSilent(patience time.Duration) error {
	return fmt.Errorf("it said nothing for %s and was killed; a type that needs longer reports progress, or says so with the patience of its schema", patience)
}

// broken says why a call did not come to its end. A plugin that hangs is killed: what it would still do later must not meet
// what we do then.
func (r resource) broken(ctx context.Context, l link, err error) sdk.Diagnostics {
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
			return sdk.Errorf("the call was interrupted", "%s", cause) // by whoever has called, not by us
		}
		l.kill()
		return r.fault(cause)
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.Canceled: // the connection is gone, and with it most likely the plugin
		select {
		case <-l.ended():
			return r.fault(l.post())
		case <-time.After(lastWords):
			l.kill()
			return r.fault(fmt.Errorf("it broke the connection and was killed"))
		}
	case codes.ResourceExhausted:
		return r.unusable(fmt.Errorf("it is longer than %d MiB, the most that a message may have", protocol.MaxMessage>>20))
	}
	return r.unusable(fmt.Errorf("%s", wire.Text(status.Convert(err).Message(), 1000)))
}

func (r resource) notStarted(err error) sdk.Diagnostics {
	return sdk.Errorf(fmt.Sprintf("the plugin %s cannot be started", r.plugin.name), "%s", err)
}

func (r resource) fault(err error) sdk.Diagnostics {
	return sdk.Errorf(fmt.Sprintf("the plugin %s failed", r.plugin.name), "%s", err)
}

func (r resource) unusable(err error) sdk.Diagnostics {
	return sdk.Errorf(fmt.Sprintf("the plugin %s gave an answer that cannot be used", r.plugin.name), "%s", err)
}
