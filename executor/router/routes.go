package router

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/router/web"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Named is one route that exists, whatever is behind it now. Name of its Route is that of the resource; it has no
// upstreams.
type Named struct {
	web.Route
	Stack     string
	Address   string // of the resource, unique in the stack
	Component string // who is behind it
	Target    string // the name of the port there
}

// Addresses are where the routes of an agent are answered, host:port each.
type Addresses struct {
	HTTP, HTTPS string
}

// The names of the fronts.
const (
	frontHTTP  = "http"
	frontHTTPS = "https"
)

// Front is the name of the front that has to answer for n.
func (n Named) Front() string {
	if n.TLS != "" {
		return frontHTTPS
	}
	return frontHTTP
}

// Fronts are the fronts that these routes need.
func (a Addresses) Fronts(routes []Named) []Front {
	var fronts []Front
	secure := false
	for _, r := range routes {
		secure = secure || r.TLS != ""
	}
	if len(routes) > 0 {
		fronts = append(fronts, Front{Name: frontHTTP, Address: a.HTTP})
	}
	if secure {
		fronts = append(fronts, Front{Name: frontHTTPS, Address: a.HTTPS, Secure: true})
	}
	return fronts
}

// Routes supplies the resource type "route": a host and a path that lead to a port of a component. It holds the set of
// routes that exist, from which the agent makes tables. It is safe for concurrent use.
type Routes struct {
	addresses Addresses
	changed   func(ctx context.Context, names ...string) error

	mu    sync.Mutex
	set   map[string]Named // by name
	turns map[string]int   // by name: which of two came last
	turn  int
}

var (
	_ sdk.Provider = (*Routes)(nil)
	_ sdk.Resource = (*Routes)(nil)
)

// NewRoutes returns an empty set. Changed is as for NewEndpoints, with the names of the fronts that must be listened for.
func NewRoutes(addresses Addresses, changed func(ctx context.Context, names ...string) error) *Routes {
	return &Routes{addresses: addresses, changed: changed, set: map[string]Named{}, turns: map[string]int{}}
}

// Resource implements sdk.Provider.
func (r *Routes) Resource(name string) sdk.Resource {
	if name != "route" {
		return nil
	}
	return r
}

// Restore puts a route that was recorded as id.Known into the set at boot. It does not call changed.
func (r *Routes) Restore(id sdk.Identity) error {
	n, err := named(id, id.Known)
	if err != nil {
		return fmt.Errorf("cannot restore route %s: %w", nameOf(id.Stack, id.Address), err)
	}
	r.put(n)
	return nil
}

// List returns all routes, by name. Of two for one place, which there are while it goes from one component to another,
// the later one is listed.
func (r *Routes) List() []Named {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := map[string]Named{}
	for name, n := range r.set {
		if other, ok := last[place(n)]; !ok || r.turns[name] > r.turns[other.Name] {
			last[place(n)] = n
		}
	}
	all := make([]Named, 0, len(last))
	for _, n := range last {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b Named) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func place(n Named) string { return n.Host + strings.TrimSuffix(n.Path, "/") }

// Read implements sdk.Resource.
func (r *Routes) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	n, ok := r.get(nameOf(id.Stack, id.Address))
	if !ok {
		return cty.NullVal(r.object()), nil
	}
	return r.value(n, id.Known), nil
}

// Apply implements sdk.Resource.
func (r *Routes) Apply(ctx context.Context, q sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	name := nameOf(q.Stack, q.Address)
	before, existed := r.get(name)
	left := func() cty.Value {
		if !existed {
			return cty.NullVal(r.object())
		}
		return r.value(before, q.Before)
	}
	if q.After.IsNull() {
		r.drop(name)
		if err := r.changed(ctx); existed && err != nil {
			r.put(before)
			return left(), sdk.Errorf("the route is still there", "%s", err)
		}
		return cty.NullVal(r.object()), nil
	}
	n, err := named(q.Identity, q.After)
	if err != nil {
		return left(), sdk.Errorf("the route cannot be", "%s", err)
	}
	if other, ok := r.holder(n); ok {
		return left(), sdk.Errorf("the route is taken", "requests for %s go to %s of stack %s; give this route another host or path", place(n), other.Component, other.Stack)
	}
	r.put(n)
	if err := r.changed(ctx, n.Front()); err != nil {
		if existed {
			r.put(before)
		} else {
			r.drop(name)
		}
		return left(), sdk.Errorf("the route is not answered", "%s; another address for routes can be chosen with RECIPE_HTTP and RECIPE_HTTPS when the agent starts", err)
	}
	return r.value(n, q.After), nil
}

// holder returns the route of another stack that has the place of n.
func (r *Routes) holder(n Named) (Named, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, other := range r.set {
		if other.Stack != n.Stack && place(other) == place(n) {
			return other, true
		}
	}
	return Named{}, false
}

// URL is what a browser opens.
func (a Addresses) URL(n Named) string {
	scheme, address, usual := "http", a.HTTP, "80"
	if n.TLS != "" {
		scheme, address, usual = "https", a.HTTPS, "443"
	}
	_, port, _ := net.SplitHostPort(address)
	if port == usual {
		return scheme + "://" + n.Host + n.Path
	}
	return scheme + "://" + net.JoinHostPort(n.Host, port) + n.Path
}

func (r *Routes) get(name string) (Named, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, ok := r.set[name]
	return n, ok
}

func (r *Routes) put(n Named) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn++
	r.set[n.Name], r.turns[n.Name] = n, r.turn
}

func (r *Routes) drop(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.set, name)
	delete(r.turns, name)
}
