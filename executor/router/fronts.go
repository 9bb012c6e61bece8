package router

import (
	"net"
	"strconv"

	"github.com/nsynapse/recipe/executor/router/web"
)

// openFronts brings the routes to what the table says, and listens where they are answered.
func (p *plane) openFronts() {
	if p.web == nil && len(p.table.Routes)+len(p.table.Fronts) == 0 {
		return
	}
	if p.web == nil {
		p.web = web.New(p.upstreams, nil)
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
		if p.fronts[f] != nil {
			continue
		}
		l, err := bind("tcp", f.Address)
		if err != nil {
			p.failed[number] = Failure{Name: f.Name, Port: number, Reason: err.Error()}
			continue
		}
		p.fronts[f] = l
		go p.web.Serve(l, f.Secure)
	}
}

// portOf returns the port of an address that was checked.
func portOf(address string) int {
	_, text, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(text)
	return number
}
