package router

import (
	"crypto/tls"
	"net"
	"strconv"

	"github.com/nsynapse/recipe/executor/router/certs"
	"github.com/nsynapse/recipe/executor/router/web"
)

// openFronts brings the routes to what the table says, and listens where they are answered.
func (p *plane) openFronts() {
	if p.web == nil && len(p.table.Routes)+len(p.table.Fronts) == 0 {
		return
	}
	if p.web == nil {
		p.web = web.New(p.upstreams, p.certify)
	}
	if old := p.certs.Load(); old == nil || p.certsDir != p.table.Certificates {
		p.certsDir = p.table.Certificates
		p.certs.Store(certs.Open(p.certsDir))
	}
	p.web.Set(p.table.Routes)
	if p.log != p.table.Log {
		p.log = p.table.Log
		p.web.Log(p.log)
	}
	for _, f := range p.table.Fronts {
		number := portOf(f.Address)
		if f.Secure {
			p.web.SecurePort(number)
		}
		if p.fronts[f] != nil || p.retired {
			continue
		}
		l, err := p.openFront(f)
		if err != nil {
			p.failed[number] = Failure{Name: f.Name, Port: number, Reason: err.Error()}
			continue
		}
		p.fronts[f] = l
		p.loops.Go(func() { p.web.Serve(l, f.Secure) })
	}
}

func (p *plane) openFront(f Front) (*net.TCPListener, error) {
	if p.old != nil && p.old.fronts[f] != nil {
		l := p.old.fronts[f]
		delete(p.old.fronts, f)
		return l, nil
	}
	return bind("tcp", f.Address)
}

// certify returns the certificate for a host.
func (p *plane) certify(_ *tls.ClientHelloInfo, host, _ string) (*tls.Certificate, error) {
	return p.certs.Load().Local(host)
}

// portOf returns the port of an address that was checked.
func portOf(address string) int {
	_, text, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(text)
	return number
}
