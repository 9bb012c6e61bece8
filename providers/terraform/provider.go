package terraform

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/nsynapse/recipe/providers/plugin/child"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// How long we wait for a provider. The protocol has no sign of life, so these are bounds and no measure of health.
const (
	schemaPatience = 30 * time.Second
	callPatience   = time.Minute
	applyPatience  = time.Hour
	stopPatience   = 30 * time.Second // for the result of a change that was asked to stop
	lastWords      = time.Second      // for the end of a process whose connection has broken
)

// capable says what we can do: no putting off, but write-only attributes.
var capable = &tfplugin6.ClientCapabilities{WriteOnlyAttributesAllowed: true}

// Provider is a Terraform provider in a program of its own, which is started by the first call, once for each configuration.
type Provider struct {
	host    *Host
	name    string // by which stacks know it: "terraform/random"
	digest  string
	program child.Program
	types   *types
	schema  sdk.Schema

	mu         sync.Mutex
	instances  map[string]*instance // by configuration
	unanswered map[changed]bool     // whether a creation was sent and never answered
}

// changed is the thing of a change.
type changed struct{ stack, address string }

var _ sdk.Provider = (*Provider)(nil)

// Schema implements sdk.Provider.
func (p *Provider) Schema() sdk.Schema { return p.schema }

// Resource implements sdk.Provider.
func (p *Provider) Resource(name string) sdk.Resource {
	k, ok := p.types.kinds[name]
	switch {
	case !ok:
		return nil
	case k.data:
		return data{p, k}
	}
	return resource{p, k}
}

// Kill ends all processes of the provider at once. The next call starts one anew.
func (p *Provider) Kill() {
	p.mu.Lock()
	var starting []*instance
	var running []*process
	for _, i := range p.instances {
		i.retired = true
		if i.process == nil {
			starting = append(starting, i)
		} else {
			running = append(running, i.process)
		}
	}
	p.mu.Unlock()
	for _, c := range running {
		c.end()
	}
	for _, i := range starting {
		<-i.ready // it is ended as soon as it has started
	}
}

// ask makes a call, which has to end within patience; nil means that it was answered. When ctx ends before, it is given up.
func (p *Provider) ask(ctx context.Context, c *process, patience time.Duration, name string, request, answer proto.Message) sdk.Diagnostics {
	// Without the deadline of ctx: the provider would see it, and break off before we know why.
	call, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })()
	timer := time.AfterFunc(patience, func() { cancel(errSlow(patience)) })
	defer timer.Stop()
	if err := c.call(call, name, request, answer); err != nil {
		return p.broken(call, c, err)
	}
	return nil
}

// carryOut makes a call that changes something. It outlives ctx: what was begun is asked to stop, and says what it left.
func (p *Provider) carryOut(ctx context.Context, i *instance, request, answer proto.Message) sdk.Diagnostics {
	call, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	timer := time.AfterFunc(applyPatience, func() { cancel(errSlow(applyPatience)) })
	defer timer.Stop()
	defer context.AfterFunc(ctx, func() {
		p.retire(i)
		late := time.AfterFunc(stopPatience, func() {
			cancel(fmt.Errorf("it did not stop within %s of being asked to, and was killed", stopPatience))
		})
		context.AfterFunc(call, func() { late.Stop() })
		_ = i.process.call(call, "StopProvider", &tfplugin6.StopRequest{}, &tfplugin6.StopResponse{}) // the call itself tells if it fails
	})()
	if err := i.process.call(call, "ApplyResourceChange", request, answer); err != nil {
		return p.broken(call, i.process, err)
	}
	return nil
}

// retire keeps new calls from a process that was told to stop: all its calls were.
func (p *Provider) retire(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i.retired = true
}

func errSlow(patience time.Duration) error {
	return fmt.Errorf("it did not answer within %s and was killed", patience)
}

func interrupted(ctx context.Context) sdk.Diagnostics {
	return sdk.Errorf("the call was interrupted", "%s", context.Cause(ctx))
}

// broken says why a call did not come to its end. A provider that hangs is killed: what it would still do later must not meet
// what we do then.
func (p *Provider) broken(ctx context.Context, c *process, err error) sdk.Diagnostics {
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
			return interrupted(ctx) // by whoever has called, not by us
		}
		c.end()
		return p.fault(cause)
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.Canceled: // the connection is gone, and with it most likely the provider
		select {
		case <-c.Ended():
			return p.fault(c.Post())
		case <-time.After(lastWords):
			c.end()
			return p.fault(fmt.Errorf("it broke the connection and was killed"))
		}
	case codes.ResourceExhausted:
		return p.unusable(fmt.Errorf("it is longer than %d MiB, the most that a message may have", maxMessage>>20))
	}
	return p.unusable(fmt.Errorf("%s", wire.Text(status.Convert(err).Message(), 1000)))
}

func (p *Provider) fault(err error) sdk.Diagnostics {
	return sdk.Errorf(fmt.Sprintf("the Terraform provider %s failed", p.name), "%s", err)
}

func (p *Provider) unusable(err error) sdk.Diagnostics {
	return sdk.Errorf(fmt.Sprintf("the Terraform provider %s gave an answer that cannot be used", p.name), "%s", err)
}
