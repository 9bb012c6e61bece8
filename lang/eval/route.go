package eval

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/pattern"
)

// route is a route block of one component.
type route struct {
	at         hcl.Range
	part       string // of its address
	attributes map[string]cty.Value
	node       int32
}

// The forms of what a route says. The router checks again what it gets.
var (
	hostForm = pattern.New(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)
	pathForm = pattern.New(`^(/|(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+/?)$`)
	byForm   = pattern.New("^(client|(header|cookie):[A-Za-z0-9!#$%&'*+.^_`|~-]+)$")
)

// routes works out the route blocks of c. They say where the stack is reached, so all of it is known when planning.
func (b *builder) routes(c *component) {
	for _, block := range c.block.Routes {
		values := map[string]cty.Value{"component": cty.StringVal(c.name), "target": cty.StringVal("web"), "path": cty.StringVal("/")}
		before := len(b.diags)
		for _, name := range slices.Sorted(maps.Keys(block.Attributes)) {
			v, diags := b.scope.settled(block.Attributes[name].Expr, c.each, name+" of a route")
			b.diags = append(b.diags, diags...)
			if name == "port" {
				name = "target"
			}
			if !diags.HasErrors() && !v.IsNull() {
				values[name] = v
			}
		}
		if len(b.diags) > before {
			continue
		}
		if whole, err := conform(b.in.Types["route"], maps.Clone(values)); err != nil {
			pass := Pass{graph: b.Graph}
			b.diags = append(b.diags, pass.misfit(err, block.Attributes, block.Range)...)
		} else if b.checkRoute(c, block.Attributes, whole) {
			b.addRoute(c, block.Range, whole, values)
		}
	}
}

// addRoute adds a route unless its place is taken.
func (b *builder) addRoute(c *component, at hcl.Range, whole cty.Value, values map[string]cty.Value) {
	path := whole.GetAttr("path").AsString()
	if path != "/" {
		path = strings.TrimSuffix(path, "/")
	}
	values["path"] = cty.StringVal(path)
	place := whole.GetAttr("host").AsString() + strings.TrimSuffix(path, "/")
	if first := b.places[place]; first != nil {
		b.diags = append(b.diags, fail(at, "Two routes for one place", "Requests for %s go somewhere else already (%s). Give one of the two another host or path.", place, position(first.at))...)
		return
	}
	switch host := whole.GetAttr("host").AsString(); whole.GetAttr("tls").AsString() {
	case "acme":
		b.acme(at, host, values)
	case "local":
		if host != "localhost" && !strings.HasSuffix(host, ".localhost") {
			b.diags = append(b.diags, fail(at, "No certificate for this host", `The CA of this machine speaks for localhost and the names below it only, and not for %s. Use such a name, or tls = "acme".`, host)...)
		}
	}
	r := &route{at: at, part: "route." + place, attributes: values}
	b.places[place] = r
	c.routes = append(c.routes, r)
}

// acme adds who makes the certificate.
func (b *builder) acme(at hcl.Range, host string, values map[string]cty.Value) {
	made := b.in.Stack.Certificates
	switch {
	case strings.HasPrefix(host, "*.") || host == "localhost" || strings.HasSuffix(host, ".localhost"):
		b.diags = append(b.diags, fail(at, "No certificate for this host", `%s is no name that an ACME server can look up. Use tls = "local", or a name of the DNS.`, host)...)
	case made == nil:
		b.diags = append(b.diags, fail(at, "Nobody makes the certificate", `tls = "acme" needs an acme block within stack %q, with an email and agree = true.`, b.in.Stack.Name)...)
	default:
		values["acme_email"], values["acme_directory"] = cty.StringVal(made.Email), cty.StringVal(made.Directory)
	}
}

// checkRoute finds what no router could do. Values are of the right types.
func (b *builder) checkRoute(c *component, attributes map[string]*hcl.Attribute, v cty.Value) bool {
	before := len(b.diags)
	wrong := func(name, summary, format string, args ...any) {
		b.diags = append(b.diags, fail(attributes[name].Expr.Range(), summary, format, args...)...)
	}
	get := func(name string) string {
		if a := v.GetAttr(name); !a.IsNull() {
			return a.AsString()
		}
		return ""
	}
	if host := get("host"); !hostForm.MatchString(host) || len(host) > 253 {
		wrong("host", "Not a host", `%q is no host. Write a name in lower case without a port, such as "shop.localhost", or "*.example.com" for all names below one.`, host)
	}
	if path := get("path"); !pathForm.MatchString(path) || slices.Contains(strings.Split(path, "/"), "..") || slices.Contains(strings.Split(path, "/"), ".") {
		wrong("path", "Not a path", `%q is no path. Write the begin of the paths that are meant, such as "/" or "/api".`, path)
	}
	if port := get("target"); c.recipe.Ports[port] == nil {
		at := attributes["host"]
		if attributes["port"] != nil {
			at = attributes["port"]
		}
		b.diags = append(b.diags, fail(at.Expr.Range(), "Unknown port", "The package %s has no port %q; it has %s.%s", c.recipe.Name, port, list(c.recipe.ports), suggestion(port, c.recipe.ports))...)
	}
	for name, words := range map[string][]string{"balance": {"round_robin", "least_connections", "hash", "sticky"}, "tls": {"off", "local", "acme"}} {
		if word := get(name); !slices.Contains(words, word) {
			wrong(name, "Unknown "+name, "%q is not a %s. Choose one of %s.%s", word, name, strings.Join(words, ", "), suggestion(word, words))
		}
	}
	if by := get("by"); attributes["by"] != nil && !byForm.MatchString(by) {
		wrong("by", "Not a key", `%q is nothing to hash. Write "client", "header:NAME" or "cookie:NAME".`, by)
	}
	if attributes["by"] != nil && get("balance") != "hash" {
		wrong("by", "Not hashed", `by says what balance = "hash" hashes, and balance is %q.`, get("balance"))
	}
	b.checkRouteNumbers(wrong, attributes, v)
	return len(b.diags) == before
}

func (b *builder) checkRouteNumbers(wrong func(name, summary, format string, args ...any), attributes map[string]*hcl.Attribute, v cty.Value) {
	for name, most := range map[string]int64{"retries": 10, "limit": 1_000_000, "body_limit": 1 << 50} {
		if a := attributes[name]; a != nil && !v.GetAttr(name).IsNull() {
			n, err := convert.Convert(v.GetAttr(name), cty.Number)
			whole, accuracy := n.AsBigFloat().Int64()
			if err != nil || accuracy != 0 || whole < 0 || whole > most {
				wrong(name, "Out of range", "%s takes a whole number from 0 to %d.", name, most)
			}
		}
	}
	for _, name := range []string{"timeout", "wait"} {
		if a := attributes[name]; a != nil && !v.GetAttr(name).IsNull() {
			if d, err := time.ParseDuration(v.GetAttr(name).AsString()); err != nil || d <= 0 {
				wrong(name, "Wrong duration", `%q is not a duration such as "500ms", "10s" or "1m30s".`, v.GetAttr(name).AsString())
			}
		}
	}
}

// routeNodes makes the nodes of the routes of c.
func (b *builder) routeNodes(c *component) {
	for _, r := range c.routes {
		r.node = b.node(c.addr.Of(r.part), "route", nil, r.at, p0(b.whole("route", r.attributes)))
	}
}
