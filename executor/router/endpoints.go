package router

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// Ports hands out ports of 127.0.0.1, each to one owner.
type Ports interface {
	// Allot gives owner the port wanted, or any free one for 0; an owner that has one keeps it.
	Allot(owner string, wanted int) (int, error)
	// Reserve records that owner has p.
	Reserve(owner string, p int) error
	// Release takes back the port of owner.
	Release(owner string)
}

// Assigned is one endpoint that exists, whatever is behind it now.
type Assigned struct {
	Stack     string
	Address   string // of the resource, unique in the stack
	Component string // who is behind it
	Target    string // the name of the port there
	Port      int    // of 127.0.0.1
}

// Name is what the endpoint is called in a Table and as the owner of its port.
func (a Assigned) Name() string { return nameOf(a.Stack, a.Address) }

func nameOf(stack, address string) string { return stack + "/" + address }

// Endpoints supplies the resource type "endpoint": a stable port of 127.0.0.1 for a port of a component. It holds the
// set of endpoints that exist, from which the agent makes tables. It is safe for concurrent use.
type Endpoints struct {
	ports   Ports
	changed func(ctx context.Context, name string) error

	mu  sync.Mutex
	set map[string]Assigned // by name
}

var (
	_ sdk.Provider = (*Endpoints)(nil)
	_ sdk.Resource = (*Endpoints)(nil)
)

// NewEndpoints returns an empty set. After each change of List, changed is called with the name of the endpoint, from
// the goroutine of Apply and maybe several times at once; it gives the router a new table and returns an error if
// the router does not listen for that endpoint though List has it.
func NewEndpoints(ports Ports, changed func(ctx context.Context, name string) error) *Endpoints {
	return &Endpoints{ports: ports, changed: changed, set: map[string]Assigned{}}
}

// Schema implements sdk.Provider.
func (e *Endpoints) Schema() sdk.Schema {
	return sdk.Schema{Types: map[string]sdk.TypeSchema{"endpoint": {
		Description: "A stable port of 127.0.0.1 that leads to the ready instances of a component.",
		Attributes: map[string]sdk.Attribute{
			"wanted":    {Type: cty.Number, Replace: true, Description: "The port it has to be; any free one if not set."},
			"component": {Type: cty.String, Required: true, Description: "The component behind it."},
			"target":    {Type: cty.String, Required: true, Description: "The name of the port of that component."},
			"host":      {Type: cty.String, Computed: true, Stable: true, Description: "The address to connect to."},
			"port":      {Type: cty.Number, Computed: true, Stable: true, Description: "The port to connect to."},
		},
	}}}
}

// Resource implements sdk.Provider.
func (e *Endpoints) Resource(name string) sdk.Resource {
	if name != "endpoint" {
		return nil
	}
	return e
}

// Restore puts an endpoint that was recorded as id.Known into the set at boot. It does not call changed.
func (e *Endpoints) Restore(id sdk.Identity) error {
	a := assigned(id, id.Known)
	if err := e.ports.Reserve(a.Name(), a.Port); err != nil {
		return fmt.Errorf("cannot restore endpoint %s: %w", a.Name(), err)
	}
	e.put(a)
	return nil
}

// List returns all endpoints, by name.
func (e *Endpoints) List() []Assigned {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]Assigned, 0, len(e.set))
	for _, a := range e.set {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b Assigned) int { return cmp.Compare(a.Name(), b.Name()) })
	return all
}

// Read implements sdk.Resource.
func (e *Endpoints) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	a, ok := e.get(nameOf(id.Stack, id.Address))
	if !ok {
		return cty.NullVal(object(e)), nil
	}
	return value(a, wantedOf(id.Known)), nil
}

// Apply implements sdk.Resource.
func (e *Endpoints) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.After.IsNull() {
		return e.remove(ctx, r)
	}
	return e.bring(ctx, r)
}

// portTries is how many free ports are tried for an endpoint. One that was free a moment ago may be another agent's by
// the time the router listens.
const portTries = 5

// bring makes the endpoint what r.After says. It is there when the router listens.
func (e *Endpoints) bring(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	a := assigned(r.Identity, r.After)
	before, existed := e.get(a.Name())
	if wanted := wantedOf(r.After); !wanted.IsNull() {
		a.Port = number(wanted)
	}
	fixed := a.Port != 0 // wanted, or that of r.After: undoing a deletion brings it back
	for try := 1; ; try++ {
		port, err := e.ports.Allot(a.Name(), a.Port)
		if err != nil {
			return e.left(before, existed, r), sdk.Errorf("no port for the endpoint", "%s", err)
		}
		chosen := a
		chosen.Port = port
		e.put(chosen)
		if err = e.changed(ctx, a.Name()); err == nil {
			return value(chosen, wantedOf(r.After)), nil
		}
		e.back(before, existed, chosen)
		if fixed || existed || try == portTries || ctx.Err() != nil {
			return e.left(before, existed, r), sdk.Errorf("the endpoint does not listen", "%s", err)
		}
	}
}

// back takes a failed change out of the set. The router hears of it with the next table: what it could not do now it
// would not undo either.
func (e *Endpoints) back(before Assigned, existed bool, a Assigned) {
	if !existed {
		e.drop(a.Name())
		e.ports.Release(a.Name())
		return
	}
	e.put(before)
	if before.Port != a.Port {
		e.ports.Release(a.Name())
		e.ports.Reserve(before.Name(), before.Port) // was ours a moment ago
	}
}

// left is the value after a failure.
func (e *Endpoints) left(before Assigned, existed bool, r sdk.ApplyRequest) cty.Value {
	if !existed {
		return cty.NullVal(object(e))
	}
	return value(before, wantedOf(r.Before))
}

// remove takes the endpoint away. The port is released last: until then the router may listen on it.
func (e *Endpoints) remove(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	name := nameOf(r.Stack, r.Address)
	before, existed := e.get(name)
	e.drop(name)
	if existed {
		if err := e.changed(ctx, name); err != nil {
			e.put(before)
			return e.left(before, existed, r), sdk.Errorf("the endpoint is still there", "%s", err)
		}
	}
	e.ports.Release(name)
	return cty.NullVal(object(e)), nil
}

func (e *Endpoints) get(name string) (Assigned, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a, ok := e.set[name]
	return a, ok
}

func (e *Endpoints) put(a Assigned) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.set[a.Name()] = a
}

func (e *Endpoints) drop(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.set, name)
}
