package web

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/router/upstream"
)

// Route is where requests for a host and a path go.
type Route struct {
	Name      string          `json:"name"` // unique in the table; what figures and logs call it
	Host      string          `json:"host"` // in lower case; "*.example.com" for every name below that one
	Path      string          `json:"path"` // begins with "/"; stands for itself and what follows after a "/"
	Strip     bool            `json:"strip,omitempty"`
	Upstreams []string        `json:"upstreams,omitempty"`  // host:port of the ready ones; none lets requests wait
	Balance   upstream.Policy `json:"balance,omitempty"`    // "" for round_robin
	By        string          `json:"by,omitempty"`         // with hash: "client", "header:NAME" or "cookie:NAME"
	Timeout   time.Duration   `json:"timeout,omitempty"`    // of silence of the upstream; 0 for DefaultTimeout
	Wait      time.Duration   `json:"wait,omitempty"`       // for a ready upstream; 0 for DefaultWait
	BodyLimit int64           `json:"body_limit,omitempty"` // bytes of a request's body, of gRPC of each message; 0 for DefaultBodyLimit
	Retries   *int            `json:"retries,omitempty"`    // on other upstreams; nil for DefaultRetries
	Limit     int             `json:"limit,omitempty"`      // requests in flight; 0 for no limit
	TLS       string          `json:"tls,omitempty"`        // "" for none, LocalCA, ACME
	Email     string          `json:"email,omitempty"`      // with ACME, for the account; may be empty
	Directory string          `json:"directory,omitempty"`  // with ACME: the address of the server; "" for the usual one
}

// What TLS of a Route may be.
const (
	LocalCA = "local"
	ACME    = "acme"
)

// What a route does that says nothing else.
const (
	DefaultTimeout   = 60 * time.Second
	DefaultWait      = 15 * time.Second
	DefaultRetries   = 2
	DefaultBodyLimit = 1 << 30 // bytes
)

// Check finds what cannot be served.
func Check(routes []Route) error {
	names, places := map[string]bool{}, map[string]string{}
	for _, r := range routes {
		place := r.Host + " " + r.Path
		switch {
		case r.Name == "" || names[r.Name]:
			return fmt.Errorf("the name %q of a route is empty or there twice", r.Name)
		case !ValidHost(r.Host):
			return fmt.Errorf("route %s: %q is not a host", r.Name, r.Host)
		case !ValidPath(r.Path):
			return fmt.Errorf("route %s: %q is not a path", r.Name, r.Path)
		case places[place] != "":
			return fmt.Errorf("routes %s and %s have the same host and path", places[place], r.Name)
		case r.Balance != "" && !slices.Contains(upstream.Policies(), r.Balance):
			return fmt.Errorf("route %s: there is no balance %q", r.Name, r.Balance)
		case !ValidBy(r.By):
			return fmt.Errorf("route %s: cannot hash by %q", r.Name, r.By)
		case r.TLS != "" && r.TLS != LocalCA && r.TLS != ACME:
			return fmt.Errorf("route %s: there is no tls %q", r.Name, r.TLS)
		}
		names[r.Name], places[place] = true, r.Name
	}
	return nil
}

// ValidHost reports whether s may be the host of a route: a name in lower case, maybe "*." before it, or an IPv4 address.
func ValidHost(s string) bool {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.Is4()
	}
	labels := strings.Split(s, ".")
	if labels[0] == "*" && len(labels) > 1 {
		labels = labels[1:]
	}
	for _, label := range labels {
		if len(label) < 1 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
				return false
			}
		}
	}
	return len(s) <= 253
}

// ValidPath reports whether s may be the path of a route.
func ValidPath(s string) bool {
	return strings.HasPrefix(s, "/") && len(s) <= 1024 && only([]byte(s), &visible) && !strings.ContainsAny(s, "?%") &&
		!strings.Contains(s, "//") && !strings.Contains(s+"/", "/./") && !strings.Contains(s+"/", "/../")
}

// ValidBy reports whether s may be what a route hashes by.
func ValidBy(s string) bool {
	kind, name, named := strings.Cut(s, ":")
	switch kind {
	case "", "client":
		return !named
	case "header", "cookie":
		return name != "" && only([]byte(name), &token)
	}
	return false
}
