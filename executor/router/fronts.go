package router

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
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
		p.web = web.New(p.upstreams, p.certify, func(w http.ResponseWriter, r *http.Request) bool { return p.certs.Load().Challenge(w, r) })
	}
	if old := p.certs.Load(); old == nil || p.certsDir != p.table.Certificates {
		if old != nil {
			old.Close()
		}
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
	p.manage()
}

func (p *plane) openFront(f Front) (*net.TCPListener, error) {
	if p.old != nil && p.old.fronts[f] != nil {
		l := p.old.fronts[f]
		delete(p.old.fronts, f)
		return l, nil
	}
	return bind("tcp", f.Address)
}

// manage has certificates got for the names that an ACME server knows. The fronts listen by now, for challenges.
func (p *plane) manage() {
	if p.retired {
		p.certs.Load().Close() // the successor does
		return
	}
	var wanted []certs.Wanted
	for _, r := range p.table.Routes {
		if r.TLS == web.ACME {
			wanted = append(wanted, certs.Wanted{Host: r.Host, Email: r.Email, Directory: r.Directory})
		}
	}
	var fronts certs.Fronts
	for _, f := range p.table.Fronts {
		if fronts.Host, _, _ = net.SplitHostPort(f.Address); f.Secure {
			fronts.HTTPS = portOf(f.Address)
		} else {
			fronts.HTTP = portOf(f.Address)
		}
	}
	if err := p.certs.Load().Manage(wanted, fronts); err != nil {
		slog.Warn("certificates are not got", "error", err)
	}
}

// certify returns the certificate for a host.
func (p *plane) certify(hello *tls.ClientHelloInfo, host, kind string) (*tls.Certificate, error) {
	if kind == web.ACME {
		return p.certs.Load().Managed(hello)
	}
	return p.certs.Load().Local(host)
}

// portOf returns the port of an address that was checked.
func portOf(address string) int {
	_, text, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(text)
	return number
}
