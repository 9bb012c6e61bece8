package router

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nsynapse/recipe/executor/port"
	"github.com/nsynapse/recipe/executor/router/upstream"
)

const (
	dialTimeout = 2 * time.Second        // to one upstream
	firstPause  = 5 * time.Millisecond   // between two rounds over upstreams that refuse; doubles
	lastPause   = 250 * time.Millisecond // where the doubling ends
	acceptPause = 20 * time.Millisecond  // after a failed accept: the process has too many open files
)

// endpoint listens on one port. Its route changes, its listener never does.
type endpoint struct {
	listener *net.TCPListener
	route    atomic.Pointer[route]
	turn     atomic.Uint64 // whose turn it is among the upstreams
	gone     chan struct{} // closed when the endpoint has left the table
	held     *atomic.Int64 // connections of all endpoints of the plane

	accepted, refused atomic.Uint64
	open, waiting     atomic.Int64
}

// route is what an endpoint does at one time; it is never changed.
type route struct {
	Endpoint
	upstreams []*upstream.Upstream // those of Endpoint
	wait      time.Duration
	replaced  chan struct{} // closed when there is another route
}

// listen opens the endpoint, at the listener of an elder if there is one, and accepts connections until close.
func (pl *plane) listen(e Endpoint, upstreams []*upstream.Upstream) (*endpoint, error) {
	l := pl.inheritedAt(e.Port)
	if l == nil {
		var err error
		if l, err = bind("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(e.Port))); err != nil {
			return nil, err
		}
	}
	p := &endpoint{listener: l, gone: make(chan struct{}), held: &pl.held}
	p.route.Store(&route{Endpoint: e, upstreams: upstreams, wait: pl.table.wait(), replaced: make(chan struct{})})
	pl.loops.Go(p.accept)
	return p, nil
}

// bind listens at an address. A port that is taken is a *port.TakenError, with its holder.
func bind(network, address string) (*net.TCPListener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // costs, and there is one path only
	l, err := config.Listen(context.Background(), network, address)
	if err != nil {
		return nil, unbound(address, err)
	}
	return l.(*net.TCPListener), nil
}

// unbound says why nobody can listen at an address, and for whom that has one what is to be done.
func unbound(address string, err error) error {
	_, text, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(text)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return &port.TakenError{Port: number, Holder: port.Holder(number)}
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("ordinary users may not have port %d, unless root allows it to all by sysctl net.ipv4.ip_unprivileged_port_start=%d", number, number)
	}
	return err
}

// close stops listening. Connections that wait are closed; those that have their upstream stay.
func (p *endpoint) close() {
	close(p.gone)
	p.listener.Close()
}

// swap gives the endpoint another route. It must not be called by two goroutines at a time.
func (p *endpoint) swap(e Endpoint, upstreams []*upstream.Upstream, wait time.Duration) {
	old := p.route.Load()
	if old.Name == e.Name && old.wait == wait && slices.Equal(old.upstreams, upstreams) {
		return
	}
	p.route.Store(&route{Endpoint: e, upstreams: upstreams, wait: wait, replaced: make(chan struct{})})
	close(old.replaced)
}

func (p *endpoint) accept() {
	for {
		conn, err := p.listener.AcceptTCP()
		switch {
		case err == nil:
			p.accepted.Add(1)
			p.held.Add(1)
			go p.forward(conn)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			select {
			case <-p.gone:
			case <-time.After(acceptPause):
			}
		}
	}
}

func (p *endpoint) forward(client *net.TCPConn) {
	defer p.held.Add(-1)
	u, conn := p.connect()
	if u == nil {
		p.refused.Add(1)
		reset(client)
		return
	}
	defer u.Release()
	p.open.Add(1)
	defer p.open.Add(-1)
	join(client, conn)
}

// connect returns a connection to the next upstream that accepts one, acquired. While there is none it waits; it
// returns nil when that took too long or the endpoint is gone.
func (p *endpoint) connect() (*upstream.Upstream, *net.TCPConn) {
	r := p.route.Load()
	if u, conn := p.dial(r); u != nil {
		return u, conn
	}
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	end := time.NewTimer(r.wait)
	defer end.Stop()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		retry := time.NewTimer(pause) // an upstream may restart in its place, and the table stay as it is
		select {
		case <-end.C:
			return nil, nil
		case <-p.gone:
			return nil, nil
		case <-r.replaced:
			r = p.route.Load()
		case <-retry.C:
		}
		retry.Stop()
		if u, conn := p.dial(r); u != nil {
			return u, conn
		}
	}
}

// dial tries each upstream once, beginning with the one whose turn it is.
func (p *endpoint) dial(r *route) (*upstream.Upstream, *net.TCPConn) {
	n := uint64(len(r.upstreams))
	turn := p.turn.Add(1)
	for i := range n {
		u := r.upstreams[(turn+i)%n]
		if !u.Acquire() {
			continue // another table is there already
		}
		if conn, err := net.DialTimeout("tcp", u.Address, dialTimeout); err == nil {
			return u, conn.(*net.TCPConn)
		}
		u.Release()
	}
	return nil, nil
}

func (p *endpoint) stats() EndpointStats {
	r := p.route.Load()
	return EndpointStats{
		Name: r.Name, Port: r.Port, Ready: len(r.upstreams),
		Open: p.open.Load(), Waiting: p.waiting.Load(), Accepted: p.accepted.Load(), Refused: p.refused.Load(),
	}
}
