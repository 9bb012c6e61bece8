package router

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nsynapse/recipe/executor/router/web"
)

// DefaultWait is how long a connection waits for a ready upstream when the Table says nothing else.
const DefaultWait = 15 * time.Second

// Table is all that the router forwards.
type Table struct {
	Endpoints []Endpoint  `json:"endpoints"`
	Routes    []web.Route `json:"routes,omitempty"`
	Fronts    []Front     `json:"fronts,omitempty"` // where the routes are answered
	// Certificates is the directory of the local CA and of what ACME servers gave; see package certs.
	Certificates string `json:"certificates,omitempty"`
	// Log is the directory of the access log; "" for none.
	Log string `json:"log,omitempty"`
	// Wait is how long a connection waits while no upstream can be reached, in nanoseconds; 0 stands for
	// DefaultWait, a negative value for no waiting.
	Wait time.Duration `json:"wait,omitempty"`
}

// Endpoint is one stable address, a port of 127.0.0.1, and what is behind it.
type Endpoint struct {
	Name      string   `json:"name"`                // unique in the table; what reports call it
	Port      int      `json:"port"`                // unique in the table
	Upstreams []string `json:"upstreams,omitempty"` // host:port of the ready ones; none lets connections wait
}

// Front is an address where routes are answered.
type Front struct {
	Name    string `json:"name"`             // unique among fronts and endpoints; what reports call it
	Address string `json:"address"`          // host:port, as net.Listen takes it
	Secure  bool   `json:"secure,omitempty"` // with TLS
}

// Report is what became of a table.
type Report struct {
	// Failed are the endpoints that the router could not listen for; it goes on trying.
	Failed []Failure `json:"failed,omitempty"`
	// Unsaved says why the table is served but not on disk, and so would not survive the router; "" if it is.
	Unsaved string `json:"unsaved,omitempty"`
}

// Failure is an endpoint that the router cannot listen for.
type Failure struct {
	Name   string `json:"name"`
	Port   int    `json:"port"`
	Reason string `json:"reason"` // names who holds the port, as far as that can be told
}

// Err returns why the endpoint of that name is not listened for, or nil if it is.
func (r Report) Err(name string) error {
	for _, f := range r.Failed {
		if f.Name == name {
			return fmt.Errorf("cannot listen on port %d for %s: %s", f.Port, name, f.Reason)
		}
	}
	return nil
}

// Stats are figures of all endpoints of the table, in the order of their ports, since they were first listened for.
type Stats struct {
	Endpoints []EndpointStats `json:"endpoints"`
	Routes    []web.Stats     `json:"routes,omitempty"`
	Build     string          `json:"build,omitempty"` // of the router's program; "" for one that cannot hand over
	PID       int             `json:"pid"`
	Log       string          `json:"log,omitempty"` // why requests are missing in the access log at present; "" if none are
}

// EndpointStats are the figures of one endpoint.
type EndpointStats struct {
	Name     string `json:"name"`
	Port     int    `json:"port"`
	Error    string `json:"error,omitempty"` // why it is not listened for; "" if it is
	Ready    int    `json:"ready"`           // upstreams
	Open     int64  `json:"open"`            // connections that are being forwarded
	Waiting  int64  `json:"waiting"`         // connections that wait for an upstream
	Accepted uint64 `json:"accepted"`        // connections so far
	Refused  uint64 `json:"refused"`         // of them, those that found no upstream in time
}

// check finds what no router could serve.
func (t Table) check() error {
	names, ports := map[string]bool{}, map[int]string{}
	for _, e := range t.Endpoints {
		if e.Name == "" || names[e.Name] {
			return fmt.Errorf("the name %q of an endpoint is empty or there twice", e.Name)
		}
		if e.Port < 1 || e.Port > 65535 {
			return fmt.Errorf("endpoint %s: %d is not a port", e.Name, e.Port)
		}
		if other, ok := ports[e.Port]; ok {
			return fmt.Errorf("endpoints %s and %s have the same port %d", other, e.Name, e.Port)
		}
		names[e.Name], ports[e.Port] = true, e.Name
		for _, upstream := range e.Upstreams {
			if err := checkUpstream(e.Port, upstream); err != nil {
				return fmt.Errorf("endpoint %s: %w", e.Name, err)
			}
		}
	}
	if err := t.checkFronts(names, ports); err != nil {
		return err
	}
	return web.Check(t.Routes)
}

func (t Table) checkFronts(names map[string]bool, ports map[int]string) error {
	for _, f := range t.Fronts {
		if f.Name == "" || names[f.Name] {
			return fmt.Errorf("the name %q of a front is empty or there twice", f.Name)
		}
		_, text, err := net.SplitHostPort(f.Address)
		if err != nil {
			return fmt.Errorf("front %s: %q is not host:port", f.Name, f.Address)
		}
		p, err := strconv.Atoi(text)
		if err != nil || p < 1 || p > 65535 {
			return fmt.Errorf("front %s: %q has no port", f.Name, f.Address)
		}
		if other, ok := ports[p]; ok {
			return fmt.Errorf("%s and front %s have the same port %d", other, f.Name, p)
		}
		names[f.Name], ports[p] = true, f.Name
		for _, r := range t.Routes {
			for _, upstream := range r.Upstreams {
				if err := checkUpstream(p, upstream); err != nil {
					return fmt.Errorf("route %s: %w", r.Name, err)
				}
			}
		}
	}
	return nil
}

// checkUpstream refuses what is no address, and the port that listens itself.
func checkUpstream(own int, upstream string) error {
	host, text, err := net.SplitHostPort(upstream)
	if err != nil {
		return fmt.Errorf("upstream %q is not host:port", upstream)
	}
	p, err := strconv.Atoi(text)
	if err != nil || p < 1 || p > 65535 {
		return fmt.Errorf("upstream %q has no port", upstream)
	}
	if ip := net.ParseIP(host); p == own && (host == "localhost" || ip.IsLoopback()) {
		return fmt.Errorf("upstream %q is the endpoint itself", upstream)
	}
	return nil
}

// wait returns Wait with its default.
func (t Table) wait() time.Duration {
	if t.Wait == 0 {
		return DefaultWait
	}
	return t.Wait
}

// upstreams are the addresses that the table leads to.
func (t Table) upstreams() map[string]bool {
	all := map[string]bool{}
	for _, e := range t.Endpoints {
		for _, address := range e.Upstreams {
			all[address] = true
		}
	}
	for _, r := range t.Routes {
		for _, address := range r.Upstreams {
			all[address] = true
		}
	}
	return all
}
