package router

import (
	"cmp"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nsynapse/recipe/executor/router/certs"
	"github.com/nsynapse/recipe/executor/router/upstream"
	"github.com/nsynapse/recipe/executor/router/web"
)

// retryAfter is the time between two attempts to listen on a port that could not be had.
const retryAfter = time.Second

// plane is all endpoints that are open. Its methods are safe for concurrent use.
type plane struct {
	upstreams *upstream.Set
	certs     atomic.Pointer[certs.Store]
	held      atomic.Int64   // connections of endpoints
	loops     sync.WaitGroup // that accept connections

	mu       sync.Mutex
	table    Table
	open     map[int]*endpoint // by port
	web      *web.Server       // nil until there was a route
	fronts   map[Front]*net.TCPListener
	log      string
	certsDir string
	failed   map[int]Failure // by port
	retry    *time.Timer     // runs while there are failures
	closed   bool
	retired  bool       // another router listens now
	old      *inherited // listeners to be used; nil for none
}

func newPlane() *plane {
	return &plane{upstreams: upstream.NewSet(), open: map[int]*endpoint{}, fronts: map[Front]*net.TCPListener{}, failed: map[int]Failure{}}
}

// set makes t the table and returns what it could not listen for.
func (p *plane) set(t Table) []Failure {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.table = t
	p.closeOthers()
	p.openAll()
	p.upstreams.Keep(t.upstreams())
	p.dropOld()
	return slices.SortedFunc(maps.Values(p.failed), func(a, b Failure) int { return cmp.Compare(a.Name, b.Name) })
}

// closeOthers closes the ports that are not in the table any more.
func (p *plane) closeOthers() {
	wanted := map[int]bool{}
	for _, e := range p.table.Endpoints {
		wanted[e.Port] = true
	}
	for port, open := range p.open {
		if !wanted[port] {
			open.close()
			delete(p.open, port)
		}
	}
	for f, l := range p.fronts {
		if !p.retired && !slices.Contains(p.table.Fronts, f) {
			l.Close()
			delete(p.fronts, f)
		}
	}
}

// openAll brings the ports of the table to what it says, and comes back later for those that are taken.
func (p *plane) openAll() {
	clear(p.failed)
	for _, e := range p.table.Endpoints {
		upstreams := p.upstreams.Get(e.Upstreams)
		if open, ok := p.open[e.Port]; ok {
			open.swap(e, upstreams, p.table.wait())
			continue
		}
		if p.retired {
			continue
		}
		open, err := p.listen(e, upstreams)
		if err != nil {
			p.failed[e.Port] = Failure{Name: e.Name, Port: e.Port, Reason: err.Error()}
			continue
		}
		p.open[e.Port] = open
	}
	p.openFronts()
	if p.retry != nil {
		p.retry.Stop()
		p.retry = nil
	}
	if len(p.failed) > 0 {
		p.retry = time.AfterFunc(retryAfter, p.again)
	}
}

func (p *plane) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.openAll()
	}
}

func (p *plane) stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []EndpointStats
	for _, open := range p.open {
		all = append(all, open.stats())
	}
	for _, f := range p.failed {
		all = append(all, EndpointStats{Name: f.Name, Port: f.Port, Error: f.Reason})
	}
	slices.SortFunc(all, func(a, b EndpointStats) int { return cmp.Compare(a.Port, b.Port) })
	stats := Stats{Endpoints: all}
	if p.web != nil {
		stats.Routes, stats.Log = p.web.Stats(), p.web.LogProblem()
	}
	return stats
}

// close stops listening for good.
func (p *plane) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.table = Table{}
	p.closeOthers()
	if p.retry != nil {
		p.retry.Stop()
	}
	if p.web != nil {
		p.web.Close()
		p.certs.Load().Close()
	}
}
