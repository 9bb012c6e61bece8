package config

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// CheckUses reports the attributes of bindings that the recipe uses and the contract of their service does not have.
// Defined returns the contract of a service, nil to leave it alone.
func (r *Recipe) CheckUses(defined func(service string) *Contract) hcl.Diagnostics {
	known := r.boundScopes(defined)
	if len(known) == 0 {
		return nil
	}
	l, s := &loader{}, &scope{children: map[string]*scope{"binding": {children: known}}}
	for _, expr := range r.expressions() {
		if expr == nil {
			continue
		}
		for _, t := range expr.Variables() {
			if t.RootName() != "binding" || len(t) < 3 {
				continue // a binding as a whole is fine
			}
			if name, ok := stepName(t[1]); ok && known[name] != nil {
				l.checkTraversal(t, s)
			}
		}
	}
	return l.diags
}

// boundScopes are the attributes of the bindings whose services are defined, by requirement; those of one service are
// shared.
func (r *Recipe) boundScopes(defined func(service string) *Contract) map[string]*scope {
	known, services := map[string]*scope{}, map[string]*scope{}
	for name, q := range r.Requirements {
		if services[q.Service] == nil {
			if c := defined(q.Service); c != nil {
				services[q.Service] = declared("attribute of the service "+q.Service, "", c.Attributes)
			}
		}
		if s := services[q.Service]; s != nil {
			known[name] = s
		}
	}
	return known
}

// expressions are all that may use a binding.
func (r *Recipe) expressions() []hcl.Expression {
	var all []hcl.Expression
	add := func(attrs hcl.Attributes) {
		for _, a := range ordered(attrs) {
			all = append(all, a.Expr)
		}
	}
	health := func(h *Health) {
		if h == nil {
			return
		}
		for _, c := range []*Check{h.Startup, h.Readiness, h.Liveness} {
			if c != nil {
				add(c.Attributes)
			}
		}
	}
	for _, l := range sortedByRange(r.Locals, func(l *Local) hcl.Range { return l.Range }) {
		all = append(all, l.Expr)
	}
	resources := r.Configure
	if r.Bind != nil {
		resources = append(slices.Clone(resources), r.Bind.Resources...)
		all = append(all, r.Bind.Attributes)
	}
	for _, x := range resources {
		add(x.Attributes)
	}
	for _, s := range r.Steps {
		add(s.Attributes)
	}
	for _, c := range []*Command{r.Backup, r.Restore} {
		if c != nil {
			add(c.Attributes)
		}
	}
	for _, p := range r.Processes {
		all = append(all, p.Expressions()...)
		health(p.Health)
	}
	health(r.Health)
	return all
}

// filled is an attribute that an implementation gives: an expression, or a type when it comes by itself.
type filled struct {
	typ  cty.Type
	null bool
	at   hcl.Range
}

// CheckFilled reports the attributes of a contract that the recipe, which provides the service, does not fill, or fills
// with a value of another type. Of what only a run shows nothing is said.
func (r *Recipe) CheckFilled(p *Provided, c *Contract) hcl.Diagnostics {
	given, all := r.given(p)
	at := p.Range
	if r.Bind != nil {
		at = r.Bind.Range
	}
	l := &loader{}
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		wanted := c.Attributes[name]
		f, ok := given[name]
		switch {
		case !ok && !wanted.Optional && all, ok && f.null && !wanted.Optional:
			l.fault(at.Ptr(), "Attribute of the contract is missing", "The service %s has the attribute %s, a %s, which this package does not give its consumers. Put %s = … into the attributes of its bind block.",
				c.Service, name, wanted.Type.FriendlyName(), name)
		case ok && !f.null && !fits(f.typ, wanted.Type):
			l.fault(f.at.Ptr(), "Wrong type", "The service %s has %s as a %s, and this is a %s.", c.Service, name, wanted.Type.FriendlyName(), f.typ.FriendlyName())
		}
	}
	return l.diags
}

// fits is strict with plain values: a number that stands where text is wanted is a mistake more often than not.
func fits(have, wanted cty.Type) bool {
	if have == cty.DynamicPseudoType || wanted == cty.DynamicPseudoType || have.Equals(wanted) {
		return true
	}
	return !have.IsPrimitiveType() && !wanted.IsPrimitiveType() && convert.GetConversionUnsafe(have, wanted) != nil
}

// given is what consumers of a service get; all is false when more may be among it than can be seen.
func (r *Recipe) given(p *Provided) (given map[string]filled, all bool) {
	given = map[string]filled{}
	if p.Port != "" {
		given["host"], given["port"], given["uri"] = filled{typ: cty.String}, filled{typ: cty.Number}, filled{typ: cty.String}
	}
	if r.Bind == nil || r.Bind.Attributes == nil {
		return given, true
	}
	pairs, diags := hcl.ExprMap(r.Bind.Attributes)
	if diags.HasErrors() {
		return given, false
	}
	for _, pair := range pairs {
		key, diags := pair.Key.Value(nil)
		if diags.HasErrors() || key.IsNull() || key.Type() != cty.String {
			return given, false
		}
		given[key.AsString()] = typed(pair.Value)
	}
	return given, true
}

// typed works out the type of an expression of a bind block before anything is known, as far as that goes: loops and
// functions are not worked out here.
func typed(expr hcl.Expression) filled {
	f := filled{typ: cty.DynamicPseudoType, at: expr.Range()}
	known := &hcl.EvalContext{Variables: map[string]cty.Value{"consumer": cty.ObjectVal(map[string]cty.Value{
		"name": cty.UnknownVal(cty.String), "requirement": cty.UnknownVal(cty.String), "identifier": cty.UnknownVal(cty.String),
		"host": cty.UnknownVal(cty.String), "port": cty.UnknownVal(cty.Number), "password": cty.UnknownVal(cty.String),
	})}}
	for _, t := range expr.Variables() {
		if t.RootName() != "consumer" {
			known.Variables[t.RootName()] = cty.DynamicVal
		}
	}
	if v, diags := expr.Value(known); !diags.HasErrors() {
		f.typ, f.null = v.Type(), v.IsNull()
	}
	return f
}
