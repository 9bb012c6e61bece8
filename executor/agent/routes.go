package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nsynapse/recipe/executor/router"
)

// routes keeps the router's table in line with endpoints and directory. However many changes come at a time, one
// table is under way and at most one more waits: the next one holds them all.
type routes struct {
	agent  *Agent
	dir    string
	client *router.Client
	holder *router.Holder
	unheld string // why it could not hold, as was logged last; of sendAll

	mu      sync.Mutex
	next    *push // the table that will be sent next; nil if nothing changed since the last
	sending bool
	closed  bool

	started atomic.Bool // the router process is supervised
	sent    atomic.Bool // the router has a table of this agent
}

// rest is the pause after a table: what changes meanwhile, when many services start at a time, makes one table. A change
// that comes alone is not held up.
const rest = 5 * time.Millisecond

// push is one sending of the table.
type push struct {
	done   chan struct{}
	report router.Report
	err    error
}

func newRoutes(a *Agent) *routes {
	dir := filepath.Join(a.Home, "router")
	return &routes{agent: a, dir: dir, client: router.Dial(dir), holder: router.NewHolder(dir)}
}

// publish sends the table as it is from now on and returns when the router has it. It fails if an endpoint or front of
// one of these names is wanted and cannot be listened for.
func (r *routes) publish(ctx context.Context, names ...string) error {
	p := r.send()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.done:
	}
	if p.err != nil {
		return p.err
	}
	for _, name := range names {
		if err := p.report.Err(name); err != nil {
			return err
		}
	}
	return nil
}

// send has the table sent, now or after the one under way.
func (r *routes) send() *push {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == nil {
		r.next = &push{done: make(chan struct{})}
	}
	p := r.next
	if r.closed {
		p.err = errors.New("the agent is ending")
		close(p.done)
		r.next = nil
		return p
	}
	if !r.sending {
		r.sending = true
		go r.sendAll()
	}
	return p
}

func (r *routes) sendAll() {
	for {
		r.mu.Lock()
		p := r.next
		r.next = nil
		r.sending = p != nil && !r.closed
		r.mu.Unlock()
		if p == nil {
			return
		}
		table := r.table()
		p.report, p.err = r.sendOne(table)
		close(p.done)
		if p.err == nil {
			r.hold(table, p.report)
		}
		time.Sleep(rest)
	}
}

// hold keeps copies of what the router listens with, so that nobody is refused while another one is started in its place.
func (r *routes) hold(t router.Table, report router.Report) {
	why := ""
	if err := r.holder.Hold(r.agent.running, t, report); err != nil {
		why = err.Error()
	}
	if why != "" && why != r.unheld && r.agent.running.Err() == nil {
		fmt.Fprintf(r.agent.Log, "connections would be refused while a router that was killed is started again: %s\n", why)
	}
	r.unheld = why
}

func (r *routes) sendOne(table router.Table) (router.Report, error) {
	ctx, cancel := context.WithTimeout(r.agent.running, 30*time.Second)
	defer cancel()
	if err := r.ensure(ctx, len(table.Endpoints)+len(table.Routes) > 0); err != nil {
		return router.Report{}, err
	}
	if !r.started.Load() {
		return router.Report{}, nil
	}
	r.holder.Drop(table)
	for {
		report, err := r.client.SetTable(ctx, table)
		if err == nil {
			r.sent.Store(true)
			return report, nil
		}
		if !errors.Is(err, router.ErrNoAnswer) {
			return report, fmt.Errorf("cannot set the table of the router: %w", err)
		}
		// It starts at this moment, or the supervisor starts it again.
		select {
		case <-ctx.Done():
			return report, fmt.Errorf("cannot reach the router: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// table is all endpoints with the ready ports behind each.
func (r *routes) table() router.Table {
	type service struct{ stack, component, port string }
	ready := map[service][]string{}
	for _, e := range r.agent.directory.List() {
		if e.Ready && r.agent.roles.serves(e.Stack, e.Unit) {
			s := service{e.Stack, e.Component, e.Port}
			ready[s] = append(ready[s], fmt.Sprintf("127.0.0.1:%d", e.Number))
		}
	}
	var t router.Table
	for _, e := range r.agent.endpoints.List() {
		t.Endpoints = append(t.Endpoints, router.Endpoint{Name: e.Name(), Port: e.Port, Upstreams: ready[service{e.Stack, e.Component, e.Target}]})
	}
	routes := r.agent.fronts.List()
	for _, n := range routes {
		route := n.Route
		route.Upstreams = ready[service{n.Stack, n.Component, n.Target}]
		t.Routes = append(t.Routes, route)
	}
	t.Fronts = r.agent.Fronts.Fronts(routes)
	t.Certificates = CertificatesDir(r.agent.Home)
	if r.agent.AccessLog && len(routes) > 0 {
		t.Log = filepath.Join(r.dir, "log")
	}
	return t
}

// CertificatesDir is where the router of a home keeps its certificates; see package certs.
func CertificatesDir(home string) string { return filepath.Join(home, "certificates") }

// ensure starts the router process when it is wanted for the first time; afterwards the supervisor keeps it alive.
func (r *routes) ensure(ctx context.Context, wanted bool) error {
	if r.started.Load() || !wanted {
		return nil
	}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the router's directory: %w", err)
	}
	if err := r.agent.supervisor.Start(ctx, r.spec(1)); err != nil {
		return fmt.Errorf("cannot start the router: %w", err)
	}
	r.started.Store(true)
	return nil
}

func (r *routes) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.client.Close()
	r.holder.Close()
}
