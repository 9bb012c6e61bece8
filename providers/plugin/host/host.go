package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nsynapse/recipe/providers/plugin/child"
	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Options say how plugins are run. The zero value of each but Dir works.
type Options struct {
	// Dir is a directory for what is kept of plugins, absolute, made when missing:
	//
	//	schema/DIGEST   the types of a program, a SchemaResponse
	//	work/DIGEST     the directory of a program, which it starts in
	//	run/DIGEST      the process of a program that runs, a record in JSON
	Dir      string
	Environ  []string      // where a plugin's few variables are taken from; nil for our own environment
	Patience time.Duration // of types that say nothing; 0 for 8 s
	Idle     time.Duration // how long a process stays that nobody calls; 0 for a minute
	// Say is called with every line that a plugin writes to its standard error once it runs: at most 200 at once and then one in 5 s,
	// each of at most 8 KiB, as it was written but for what a schema calls sensitive. It is called from any goroutine, and for one
	// plugin never by two at once. nil drops them.
	Say func(plugin, line string)
}

// Host runs plugins, each program once. Its methods are safe for concurrent use.
type Host struct {
	Options
	mu      sync.Mutex
	plugins map[string]*Plugin // by digest
}

// New returns a host that runs nothing yet.
func New(o Options) *Host {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.Idle == 0 {
		o.Idle = time.Minute
	}
	return &Host{Options: o, plugins: map[string]*Plugin{}}
}

// Open returns the provider in the program at path, whose content digest names; name is for messages. The program is started
// only if nobody has asked for its types before.
func (h *Host) Open(ctx context.Context, name, path, digest string) (*Plugin, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.plugins[digest]; p != nil {
		return p, nil
	}
	where, said := h.program(name, path, digest)
	p := newPlugin(name, sdk.Schema{}, h.Patience, said, func() (link, error) { return h.link(digest, where) })
	p.idle = h.Idle
	types, err := h.schema(ctx, p, digest)
	if err != nil {
		p.Kill()
		return nil, err
	}
	h.enter(p, types, digest)
	return p, nil
}

// program is how a program is started, and what passes its words on.
func (h *Host) program(name, path, digest string) (child.Program, *said) {
	s := h.saidBy(name)
	return child.Program{Path: path, Dir: filepath.Join(h.Dir, "work", digest), Environ: h.Environ, Said: s.hear, Dialect: dialect}, s
}

// enter makes p the plugin of the digest, with these types.
func (h *Host) enter(p *Plugin, types sdk.Schema, digest string) {
	for name, t := range types.Types {
		t.Plugin = true
		types.Types[name] = t
	}
	p.schema = types
	h.plugins[digest] = p
}

// link finds the plugin that an earlier host has left running, or starts it.
func (h *Host) link(digest string, where child.Program) (link, error) {
	if l := h.adopt(digest, where.Said); l != nil {
		return l, nil
	}
	s, err := begin(where)
	if err != nil {
		return nil, err
	}
	s.Note(h.recordFile(digest))
	return s, nil
}

// Close ends all plugins at once. Calls under way fail.
func (h *Host) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.plugins {
		p.Kill()
	}
	for digest := range h.plugins {
		_ = os.Remove(h.recordFile(digest)) // it names nobody any more
	}
	h.plugins = map[string]*Plugin{}
}

// schema returns the types of p, from what is kept or from p itself.
func (h *Host) schema(ctx context.Context, p *Plugin, digest string) (sdk.Schema, error) {
	if known, ok := h.kept(digest); ok {
		return known, nil
	}
	m, err := ask(ctx, p)
	if err != nil {
		return sdk.Schema{}, err
	}
	s, err := wire.ToSchema(m)
	if err != nil {
		return s, fmt.Errorf("the schema of the plugin %s cannot be used: %w", p.name, err)
	}
	return s, child.Keep(h.schemaFile(digest), m)
}

// ask asks a plugin for its types.
func ask(ctx context.Context, p *Plugin) (*protocol.SchemaResponse, error) {
	defer p.use()()
	r := resource{plugin: p, patience: p.patient}
	l, err := p.link(ctx)
	if err != nil {
		return nil, r.notStarted(err).Err()
	}
	call, cancel := patient(ctx, schemaPatience)
	defer cancel()
	m, err := l.client().Schema(call, &protocol.SchemaRequest{})
	if err != nil {
		return nil, r.broken(call, l, err).Err()
	}
	return m, nil
}

// schemaPatience is how long a plugin may take to list its types.
const schemaPatience = 4 * time.Second
