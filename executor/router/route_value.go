package router

import (
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/router/upstream"
	"github.com/nsynapse/recipe/executor/router/web"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Schema implements sdk.Provider.
func (r *Routes) Schema() sdk.Schema {
	return sdk.Schema{Types: map[string]sdk.TypeSchema{"route": {
		Description: "A host and a path that lead to the ready instances of a component, answered by the router.",
		Attributes: map[string]sdk.Attribute{
			"component":      {Type: cty.String, Required: true, Description: "The component behind it."},
			"target":         {Type: cty.String, Required: true, Description: "The name of the port of that component."},
			"host":           {Type: cty.String, Required: true, Replace: true, Description: "The host of the requests, or `*.example.com` for all below that name."},
			"path":           {Type: cty.String, Default: cty.StringVal("/"), Replace: true, Description: "The begin of the paths of the requests."},
			"strip":          {Type: cty.Bool, Default: cty.False, Description: "Whether the path is taken off before the app sees the request."},
			"balance":        {Type: cty.String, Default: cty.StringVal("round_robin"), Description: "Which instance gets a request: `round_robin`, `least_connections`, `hash` or `sticky`."},
			"by":             {Type: cty.String, Default: cty.StringVal("client"), Description: "What is hashed: `client`, `header:NAME` or `cookie:NAME`."},
			"timeout":        {Type: cty.String, Default: cty.StringVal("60s"), Description: "How long the app may be silent."},
			"wait":           {Type: cty.String, Default: cty.StringVal("15s"), Description: "How long a request waits while no instance is ready."},
			"body_limit":     {Type: cty.Number, Default: cty.NumberIntVal(web.DefaultBodyLimit), Description: "How large the body of a request may be, and of gRPC each message, in bytes; 0 for the default."},
			"retries":        {Type: cty.Number, Default: cty.NumberIntVal(web.DefaultRetries), Description: "How often a request that may be repeated is tried on another instance."},
			"limit":          {Type: cty.Number, Default: cty.Zero, Description: "How many requests may be under way at a time; 0 for any number."},
			"tls":            {Type: cty.String, Default: cty.StringVal("off"), Replace: true, Description: "`off`; `local` for certificates of the CA of this machine; `acme` for those of an ACME server."},
			"acme_email":     {Type: cty.String, Description: "Who is told when something is wrong with the certificate."},
			"acme_directory": {Type: cty.String, Description: "The address of the ACME server; that of Let's Encrypt if empty."},
			"url":            {Type: cty.String, Computed: true, Stable: true, Description: "What a browser opens."},
		},
	}}}
}

func (r *Routes) object() cty.Type { return r.Schema().Types["route"].Object() }

// named reads a route from its value.
func named(id sdk.Identity, v cty.Value) (Named, error) {
	text := func(name string) string {
		if a := v.GetAttr(name); !a.IsNull() {
			return a.AsString()
		}
		return ""
	}
	n := Named{Stack: id.Stack, Address: id.Address, Component: text("component"), Target: text("target")}
	retries := whole(v, "retries", web.DefaultRetries)
	n.Route = web.Route{
		Name: nameOf(id.Stack, id.Address), Host: text("host"), Path: text("path"), Strip: v.GetAttr("strip").Equals(cty.True).True(),
		Balance: upstream.Policy(text("balance")), By: text("by"), BodyLimit: int64(whole(v, "body_limit", 0)), Retries: &retries, Limit: whole(v, "limit", 0),
	}
	if tls := text("tls"); tls != "off" {
		n.TLS = tls
	}
	n.Email, n.Directory = text("acme_email"), text("acme_directory")
	for name, to := range map[string]*time.Duration{"timeout": &n.Timeout, "wait": &n.Wait} {
		if text(name) == "" {
			continue
		}
		d, err := time.ParseDuration(text(name))
		if err != nil || d <= 0 {
			return n, fmt.Errorf("%s is %q, which is no duration", name, text(name))
		}
		*to = d
	}
	return n, web.Check([]web.Route{n.Route})
}

// whole reads a whole number, which may be null.
func whole(v cty.Value, name string, otherwise int) int {
	if a := v.GetAttr(name); !a.IsNull() {
		return number(a)
	}
	return otherwise
}

// value is the value of a route, all attributes known; written is how it was written, null if that is not known.
func (r *Routes) value(n Named, written cty.Value) cty.Value {
	retries := web.DefaultRetries
	if n.Retries != nil {
		retries = *n.Retries
	}
	tls := n.TLS
	if tls == "" {
		tls = "off"
	}
	v := map[string]cty.Value{
		"component": cty.StringVal(n.Component), "target": cty.StringVal(n.Target), "host": cty.StringVal(n.Host), "path": cty.StringVal(n.Path),
		"strip": cty.BoolVal(n.Strip), "balance": cty.StringVal(string(n.Balance)), "by": cty.StringVal(n.By),
		"timeout": cty.StringVal(n.Timeout.String()), "wait": cty.StringVal(n.Wait.String()), "body_limit": cty.NumberIntVal(n.BodyLimit),
		"retries": cty.NumberIntVal(int64(retries)), "limit": cty.NumberIntVal(int64(n.Limit)), "tls": cty.StringVal(tls),
		"acme_email": cty.StringVal(n.Email), "acme_directory": cty.StringVal(n.Directory), "url": cty.StringVal(r.addresses.URL(n)),
	}
	keepSpelling(v, n, written)
	return cty.ObjectVal(v)
}

// keepSpelling takes over how durations and what is empty were written: "1m" stays "1m".
func keepSpelling(v map[string]cty.Value, n Named, written cty.Value) {
	if written == cty.NilVal || written.IsNull() {
		return
	}
	for name, d := range map[string]time.Duration{"timeout": n.Timeout, "wait": n.Wait} {
		if a := written.GetAttr(name); a.IsNull() && d == 0 {
			v[name] = a
		} else if !a.IsNull() {
			if same, err := time.ParseDuration(a.AsString()); err == nil && same == d {
				v[name] = a
			}
		}
	}
	for name, s := range map[string]string{"balance": string(n.Balance), "by": n.By, "acme_email": n.Email, "acme_directory": n.Directory} {
		if a := written.GetAttr(name); a.IsNull() && s == "" {
			v[name] = a
		}
	}
	if a := written.GetAttr("tls"); a.IsNull() && n.TLS == "" {
		v["tls"] = a
	}
}
