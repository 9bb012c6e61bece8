// Package directory knows which ports are offered where, and by whom right now. It is news, not truth: it is filled
// from what is recorded and from what runs, and lost with the agent.
package directory

import (
	"slices"
	"strings"
	"sync"
)

// Endpoint is one port of one running process.
type Endpoint struct {
	Stack     string `json:"stack"`
	Component string `json:"component"` // "app.shop"
	Unit      string `json:"unit"`      // the process that listens: "app.shop[0].process.web"
	Port      string `json:"port"`      // its name in the recipe: "web"
	Number    int    `json:"number"`
	Ready     bool   `json:"ready"`

	held int // how many hold it back
}

// Directory is safe for concurrent use.
type Directory struct {
	mu    sync.Mutex
	units map[string][]Endpoint // by stack and unit
}

// New returns an empty directory.
func New() *Directory { return &Directory{units: map[string][]Endpoint{}} }

func key(stack, unit string) string { return stack + " " + unit }

// Offer records the ports of a unit, not ready until SetReady says so; ports maps names to numbers.
func (d *Directory) Offer(stack, component, unit string, ports map[string]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ready, held := false, 0
	for _, e := range d.units[key(stack, unit)] {
		ready, held = e.Ready, e.held
	}
	var offers []Endpoint
	for name, number := range ports {
		offers = append(offers, Endpoint{Stack: stack, Component: component, Unit: unit, Port: name, Number: number, Ready: ready, held: held})
	}
	d.units[key(stack, unit)] = offers
}

// Withdraw forgets a unit.
func (d *Directory) Withdraw(stack, unit string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.units, key(stack, unit))
}

// SetReady says whether a unit takes requests, and reports whether that is new.
func (d *Directory) SetReady(stack, unit string, ready bool) (changed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.units[key(stack, unit)] {
		e := &d.units[key(stack, unit)][i]
		changed = changed || e.Ready != ready
		e.Ready = ready
	}
	return changed
}

// Hold says that a unit takes no requests whatever SetReady says, until that is taken back as often as it was said. It
// reports whether the unit is known.
func (d *Directory) Hold(stack, unit string, hold bool) (known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.units[key(stack, unit)] {
		e := &d.units[key(stack, unit)][i]
		known = true
		if hold {
			e.held++
		} else {
			e.held = max(0, e.held-1)
		}
	}
	return known
}

// List returns everything that is offered, by stack, unit and port.
func (d *Directory) List() []Endpoint {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Endpoint
	for _, offers := range d.units {
		for _, e := range offers {
			e.Ready = e.Ready && e.held == 0
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b Endpoint) int {
		return strings.Compare(key(a.Stack, a.Unit)+" "+a.Port, key(b.Stack, b.Unit)+" "+b.Port)
	})
	return all
}
