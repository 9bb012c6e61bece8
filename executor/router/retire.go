package router

import (
	"maps"
	"net"
	"slices"
	"syscall"
)

// inherit makes the next tables use the listeners of an elder.
func (p *plane) inherit(got *inherited) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.old = got
}

// inheritedAt returns the listener of an elder for an endpoint, nil without one.
func (p *plane) inheritedAt(port int) *net.TCPListener {
	if p.old == nil {
		return nil
	}
	l := p.old.endpoints[port]
	delete(p.old.endpoints, port)
	return l
}

// dropOld closes the listeners that the first table did not use.
func (p *plane) dropOld() {
	if p.old == nil {
		return
	}
	for _, l := range p.old.endpoints {
		l.Close()
	}
	for _, l := range p.old.fronts {
		l.Close()
	}
	p.old = nil
}

// hand lists what listens, and the table.
func (p *plane) hand() (Table, []handle, []syscall.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var handles []handle
	var listeners []syscall.Conn
	for _, port := range slices.Sorted(maps.Keys(p.open)) {
		handles, listeners = append(handles, handle{Port: port}), append(listeners, p.open[port].listener)
	}
	for f, l := range p.fronts {
		handles, listeners = append(handles, handle{Front: f}), append(listeners, l)
	}
	return p.table, handles, listeners
}

// retire stops listening, for another router does. Connections go on, and so does what clients send on them.
func (p *plane) retire() {
	p.mu.Lock()
	defer p.loops.Wait() // what was accepted up to now is counted
	defer p.mu.Unlock()
	p.retired = true
	for _, e := range p.open {
		e.listener.Close()
	}
	for _, l := range p.fronts {
		l.Close()
	}
	if p.retry != nil {
		p.retry.Stop()
	}
	if p.web != nil {
		p.web.End()
	}
}

// idle reports whether no connection is left.
func (p *plane) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held.Load() == 0 && p.upstreams.Total() == 0 && (p.web == nil || p.web.Open() == 0)
}
