package terraform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// speaksFor is the release of Terraform that providers are told to be used by: the one whose ways recipe follows.
const speaksFor = "1.13.0"

// instance is a process of a provider with one configuration. Its fields are guarded by the mutex of its Provider, but those
// that are set once and before ready is closed.
type instance struct {
	ready   chan struct{}
	process *process        // set once
	failed  sdk.Diagnostics // set once
	users   int
	retired bool        // it was told to stop and takes no new calls
	idle    *time.Timer // ends it when nobody has called for a while; nil while somebody does
}

// use returns the process with a configuration, as sdk.ProviderAttribute has it and wholly known, starting it if need be. leave has to be called
// once after the last call; those that come while it starts share the attempt.
func (p *Provider) use(ctx context.Context, written cty.Value) (i *instance, leave func(), diags sdk.Diagnostics) {
	key, config, err := p.configuration(written)
	if err != nil {
		return nil, nil, p.fault(err)
	}
	p.mu.Lock()
	i = p.instances[key]
	if i == nil || i.spent() {
		i = &instance{ready: make(chan struct{})}
		p.instances[key] = i
		go p.begin(i, config) // others may wait for it too, so it goes on when ctx ends
	}
	if i.users++; i.idle != nil {
		i.idle.Stop()
		i.idle = nil
	}
	p.mu.Unlock()
	leave = func() { p.leave(key, i) }
	select {
	case <-i.ready:
	case <-ctx.Done():
		leave()
		return nil, nil, interrupted(ctx)
	}
	if i.failed.HasErrors() {
		leave()
		return nil, nil, i.failed
	}
	return i, leave, nil
}

// configuration reads a configuration, and names it without showing it.
func (p *Provider) configuration(written cty.Value) (key string, config cty.Value, err error) {
	if written.IsNull() || written.LengthInt() == 0 {
		return "", cty.NilVal, errors.New("internal error: it has no configuration")
	}
	text := written.AsValueSlice()[0].AsString()
	if config, err = ctyjson.Unmarshal([]byte(text), p.types.config.object()); err != nil {
		return "", config, fmt.Errorf("its configuration is that of another release: %w", err)
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), config, nil
}

// spent reports whether it takes no more calls. The caller holds the lock.
func (i *instance) spent() bool {
	select {
	case <-i.ready:
		return i.retired || i.failed.HasErrors() || i.process.over() // a failure has no process
	default:
		return false
	}
}

// leave ends a use; the last one starts the time until the process ends.
func (p *Provider) leave(key string, i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.users--; i.users > 0 {
		return
	}
	if i.spent() {
		p.drop(key, i)
		return
	}
	i.idle = time.AfterFunc(p.host.Idle, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if i.users == 0 {
			p.drop(key, i)
		}
	})
}

// drop ends an instance that nobody uses. The caller holds the lock.
func (p *Provider) drop(key string, i *instance) {
	if p.instances[key] == i {
		delete(p.instances, key)
	}
	i.retired = true // one that only starts is ended then
	if i.process != nil {
		go i.process.end()
	}
}

// begin starts and configures a process.
func (p *Provider) begin(i *instance, config cty.Value) {
	defer close(i.ready)
	process, err := p.host.start(p)
	if err != nil {
		i.failed = sdk.Errorf(fmt.Sprintf("the Terraform provider %s cannot be started", p.name), "%s", err)
		return
	}
	p.mu.Lock()
	i.process = process
	retired := i.retired
	p.mu.Unlock()
	if retired {
		i.failed = p.fault(errors.New("it was ended while it started"))
	} else {
		i.failed = p.configure(process, config)
	}
	if i.failed.HasErrors() {
		process.end()
	}
}

// configure has the configuration looked at, and used.
func (p *Provider) configure(c *process, config cty.Value) sdk.Diagnostics {
	packed, err := pack(p.types.config.normal(config), p.types.config.object())
	if err != nil {
		return p.fault(err)
	}
	ctx := context.Background()
	validated := &tfplugin6.ValidateProviderResponse{}
	if diags := p.ask(ctx, c, callPatience, "ValidateProviderConfig", &tfplugin6.ValidateProviderRequest{Config: packed}, validated); diags != nil {
		return diags
	}
	if diags := p.said(validated.GetDiagnostics()); diags.HasErrors() {
		return diags
	}
	configured := &tfplugin6.Said{}
	if diags := p.ask(ctx, c, callPatience, "ConfigureProvider", &tfplugin6.ConfigureRequest{TerraformVersion: speaksFor, Config: packed, ClientCapabilities: capable}, configured); diags != nil {
		return diags
	}
	return p.said(configured.GetDiagnostics())
}

// said is what a provider says of its own configuration.
func (p *Provider) said(all []*tfplugin6.Diagnostic) sdk.Diagnostics {
	diags := diagnosed(all)
	for i := range diags {
		diags[i].Summary = "the configuration of the Terraform provider " + p.name + ": " + diags[i].Summary
		diags[i].Path = append(cty.GetAttrPath(sdk.ProviderAttribute), diags[i].Path...)
	}
	return diags
}
