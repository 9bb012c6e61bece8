package terraform

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nsynapse/recipe/providers/plugin/child"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// Options say how providers are run. The zero value of each but Dir works.
type Options struct {
	// Dir is a directory for what is kept of providers, absolute, made when missing:
	//
	//	schema/DIGEST     the types of a program, a SchemaResponse of version 6
	//	work/DIGEST       the directory of a program, which it starts in
	//	run/DIGEST-NUMBER a process that runs, a record in JSON
	Dir     string
	Environ []string      // where a provider's few variables are taken from; nil for our own environment
	Idle    time.Duration // how long a process stays that nobody calls; 0 for a minute
}

// Host runs providers. Its methods are safe for concurrent use.
type Host struct {
	Options
	mu        sync.Mutex
	providers map[string]*Provider // by digest and name
	processes int                  // started so far
}

// New returns a host that runs nothing yet.
func New(o Options) *Host {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.Idle == 0 {
		o.Idle = time.Minute
	}
	return &Host{Options: o, providers: map[string]*Provider{}}
}

// Open returns the provider in the program at path, whose content digest names; name is that by which stacks know it. The
// program is started only if nobody has asked for its types before.
func (h *Host) Open(ctx context.Context, name, path, digest string) (*Provider, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := digest + " " + name
	if p := h.providers[key]; p != nil {
		return p, nil
	}
	p := &Provider{host: h, name: name, digest: digest, instances: map[string]*instance{}, unanswered: map[changed]bool{},
		program: child.Program{Path: path, Dir: filepath.Join(h.Dir, "work", digest), Environ: h.Environ, Dialect: dialect}}
	m, err := h.schemas(ctx, p)
	if err == nil {
		p.types, err = readTypes(m, name)
	}
	if err != nil {
		return nil, fmt.Errorf("the types of the Terraform provider %s cannot be used: %w", name, err)
	}
	p.schema.Types = map[string]sdk.TypeSchema{}
	for name, k := range p.types.kinds {
		p.schema.Types[name] = k.schema
	}
	h.providers[key] = p
	return p, nil
}

// Close ends all providers at once. Calls under way fail.
func (h *Host) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.providers {
		p.Kill()
	}
	h.providers = map[string]*Provider{}
}

// Sweep ends the processes that a host before this one has left running. It is called before any is started: one that is
// configured for somebody else is of no use.
func (h *Host) Sweep() {
	names, err := filepath.Glob(filepath.Join(h.Dir, "run", "*"))
	if err != nil {
		return // the pattern is ours
	}
	for _, name := range names {
		if r, ok := child.Noted(name); ok {
			r.Kill()
			r.Clean()
		}
		_ = os.Remove(name) // it names nobody any more
	}
}

// start starts a process of p and notes it.
func (h *Host) start(p *Provider) (*process, error) {
	c, err := p.program.Start()
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.processes++
	file := filepath.Join(h.Dir, "run", fmt.Sprintf("%s-%d", p.digest, h.processes))
	h.mu.Unlock()
	c.Note(file)
	return &process{Child: c, caller: caller{c.Connection(), c.Version()}, file: file}, nil
}

// process is a provider that runs.
type process struct {
	*child.Child
	caller
	file string // its record
}

// end ends it at once.
func (p *process) end() {
	p.Kill()
	_ = os.Remove(p.file) // the next host finds nobody there
}

// over reports whether it runs no more.
func (p *process) over() bool {
	select {
	case <-p.Ended():
		return true
	default:
		return false
	}
}

// schemas returns the types of p, from what is kept or from p itself. The caller holds the lock.
func (h *Host) schemas(ctx context.Context, p *Provider) (*tfplugin6.SchemaResponse, error) {
	file := filepath.Join(h.Dir, "schema", p.digest)
	if m := keptSchemas(file); m != nil {
		return m, nil
	}
	c, err := p.program.Start() // not noted: it ends before we return
	if err != nil {
		return nil, fmt.Errorf("it cannot be started: %w", err)
	}
	defer c.Kill()
	call, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer time.AfterFunc(schemaPatience, func() { cancel(errSlow(schemaPatience)) }).Stop()
	m, err := caller{c.Connection(), c.Version()}.schemas(call)
	if cause := context.Cause(call); err != nil && cause != nil {
		return nil, cause
	}
	if err != nil {
		return nil, fmt.Errorf("%s", wire.Text(err.Error(), 1000))
	}
	if err := diagnosed(m.GetDiagnostics()).Err(); err != nil {
		return nil, err
	}
	return m, child.Keep(file, m)
}
