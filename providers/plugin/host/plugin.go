package host

import (
	"context"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// Plugin is a provider in a program of its own, which is started by the first call.
type Plugin struct {
	name    string
	schema  sdk.Schema
	open    open
	said    *said
	patient time.Duration // the patience of types that say nothing
	idle    time.Duration // how long the process is kept when nobody calls; 0 for ever

	mu       sync.Mutex
	users    int                  // calls under way
	rest     *time.Timer          // ends the process; nil while there are calls
	running  link                 // nil before the first start
	starting *start               // nil when nobody starts it
	missed   map[missed]cty.Value // changes that did not reach it, by their thing: how it was before
}

// missed is the thing that a change did not reach.
type missed struct{ stack, address string }

// start is one attempt to start a plugin, which all callers wait for together.
type start struct {
	done chan struct{}
	link link
	err  error
}

var _ sdk.Provider = (*Plugin)(nil)

func newPlugin(name string, schema sdk.Schema, patience time.Duration, said *said, open open) *Plugin {
	if patience == 0 {
		patience = defaultPatience
	}
	return &Plugin{name: name, schema: schema, open: open, said: said, patient: patience, missed: map[missed]cty.Value{}}
}

// Schema implements sdk.Provider.
func (p *Plugin) Schema() sdk.Schema { return p.schema }

// Resource implements sdk.Provider.
func (p *Plugin) Resource(name string) sdk.Resource {
	t, ok := p.schema.Types[name]
	if !ok {
		return nil
	}
	r := resource{plugin: p, name: name, schema: t, object: t.Object(), patience: t.Patience}
	if r.patience == 0 {
		r.patience = p.patient
	}
	if t.Plans {
		return planner{r}
	}
	return r
}

// use notes that a call begins; leave has to be called once, at its end. The last one starts the time until the process ends.
func (p *Plugin) use() (leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users++; p.rest != nil {
		p.rest.Stop()
		p.rest = nil
	}
	return p.leave
}

func (p *Plugin) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users--; p.users == 0 && p.idle > 0 {
		p.rest = time.AfterFunc(p.idle, p.retire)
	}
}

// retire ends the process if nobody calls. Who comes meanwhile waits: it has to start a new one, and must not adopt this.
func (p *Plugin) retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users == 0 && p.running != nil {
		p.running.kill()
		p.running = nil
	}
}

// link returns the running plugin, starting it if need be. Callers that come while it starts share the attempt.
func (p *Plugin) link(ctx context.Context) (link, error) {
	p.mu.Lock()
	if p.running != nil && !over(p.running) {
		defer p.mu.Unlock()
		return p.running, nil
	}
	s := p.starting
	if s == nil {
		s = &start{done: make(chan struct{})}
		p.starting = s
		go p.start(s) // others may wait for it too, so it goes on when ctx ends
	}
	p.mu.Unlock()
	select {
	case <-s.done:
		return s.link, s.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *Plugin) start(s *start) {
	s.link, s.err = p.open()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starting = nil
	if s.err == nil {
		p.running = s.link
	}
	close(s.done)
}

// runs reports whether the plugin's process runs.
func (p *Plugin) runs() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running != nil && !over(p.running)
}

func over(l link) bool {
	select {
	case <-l.ended():
		return true
	default:
		return false
	}
}

// Kill ends the plugin's process at once, if it runs. The next call starts it anew.
func (p *Plugin) Kill() {
	p.mu.Lock()
	running, starting := p.running, p.starting
	p.mu.Unlock()
	if starting != nil {
		<-starting.done
		running = starting.link
	}
	if running != nil {
		running.kill()
	}
}

// miss notes that a change did not reach the plugin.
func (p *Plugin) miss(r sdk.ApplyRequest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.missed[missed{r.Stack, r.Address}] = r.Before
}

// reach notes that a change may have reached the plugin.
func (p *Plugin) reach(r sdk.ApplyRequest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.missed, missed{r.Stack, r.Address})
}

// untouched reports whether r takes back a change that did not reach the plugin: then there is nothing to do, and what
// cannot be started is not needed for it.
func (p *Plugin) untouched(r sdk.ApplyRequest) bool {
	if !r.Undo {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	before, ok := p.missed[missed{r.Stack, r.Address}]
	return ok && same(before, r.After)
}
