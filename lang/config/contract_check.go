package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// CheckUses reports the attributes of bindings that the recipe uses and the contract of their service does not have, or not
// in each version that the recipe allows. Defined returns the contract that a requirement is held against, nil to leave it alone.
func (r *Recipe) CheckUses(defined func(*Requirement) *Contract) hcl.Diagnostics {
	contracts := map[string]*Contract{} // by requirement
	for name, q := range r.Requirements {
		if c := defined(q); c != nil {
			contracts[name] = c
		}
	}
	if len(contracts) == 0 {
		return nil
	}
	l, s := &loader{}, boundScopes(contracts)
	for _, expr := range r.expressions() {
		if expr == nil {
			continue
		}
		for _, t := range expr.Variables() {
			if t.RootName() != "binding" || len(t) < 3 {
				continue // a binding as a whole is fine
			}
			if name, ok := stepName(t[1]); ok && contracts[name] != nil {
				l.checkTraversal(t, s)
				l.checkSince(t, r.Requirements[name], contracts[name])
			}
		}
	}
	return l.diags
}

// boundScopes are the attributes of the bindings whose services are defined, by requirement; those of one contract are
// shared.
func boundScopes(contracts map[string]*Contract) *scope {
	known, shared := map[string]*scope{}, map[*Contract]*scope{}
	for name, c := range contracts {
		if shared[c] == nil {
			shared[c] = declared("attribute of the service "+c.Service, "", c.Attributes)
		}
		known[name] = shared[c]
	}
	return &scope{children: map[string]*scope{"binding": {children: known}}}
}

// checkSince reports that t uses an attribute which the oldest implementations that q allows do not have.
func (l *loader) checkSince(t hcl.Traversal, q *Requirement, c *Contract) {
	name, _ := stepName(t[2])
	a := c.Attributes[name]
	if a == nil || a.Since == nil || q.Constraint != nil && !q.Constraint.Check.AllowsBefore(*a.Since) {
		return
	}
	allowed := "any version of it"
	if q.Constraint != nil {
		allowed = fmt.Sprintf("%q", q.Constraint.Text)
	}
	l.fault(t.SourceRange().Ptr(), "Attribute of a later version", "The service %s has %s since %s (%s), and the requirement %q allows %s (%s). Say version = %q there.",
		c.Service, name, a.Since, place(a.Range), q.Name, allowed, place(q.Range), "^"+a.Since.String())
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
// with a value of another type, and a version of the service that the contract does not tell of. Of what only a run shows
// nothing is said.
func (r *Recipe) CheckFilled(p *Provided, c *Contract) hcl.Diagnostics {
	given, all := r.given(p)
	at := p.Range
	if r.Bind != nil {
		at = r.Bind.Range
	}
	l := &loader{}
	if p.Version != nil && c.Version != nil && !c.covers(p.Version) {
		l.fault(p.Range.Ptr(), "Version without a contract", "This package provides %s %s, and the contract of it (%s) is version %s. Provide a version of that, or bring the contract that yours has.",
			c.Service, p.Version, place(c.Range), c.Version)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		wanted := c.Attributes[name]
		if wanted.Since != nil && p.Version != nil && p.Version.Compare(*wanted.Since) < 0 {
			wanted = wanted.later()
		}
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
