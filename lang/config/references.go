package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
)

// References returns the components that expr names, in the order of the text; one that is named twice comes twice.
// A key that is written out is part of the component; with any other key the component stands for all its keys.
// Components that s does not declare are included. A nil expression names none.
func (s *Stack) References(expr hcl.Expression) []Reference {
	if expr == nil {
		return nil
	}
	var out []Reference
	for _, t := range expr.Variables() {
		if ref, ok := componentRoot(t); ok {
			out = append(out, ref)
		}
	}
	return out
}

// componentRoot reads the component at the beginning of a traversal.
func componentRoot(t hcl.Traversal) (Reference, bool) {
	if len(t) < 2 || t.IsRelative() {
		return Reference{}, false
	}
	kind, ok := addr.ParseKind(t.RootName())
	attr, named := t[1].(hcl.TraverseAttr)
	if !ok || !named || kind == addr.Package {
		return Reference{}, false
	}
	ref := Reference{
		Component: addr.Component{Kind: kind, Name: attr.Name},
		Range:     hcl.RangeBetween(t[0].SourceRange(), t[1].SourceRange()),
	}
	if len(t) > 2 {
		if index, ok := t[2].(hcl.TraverseIndex); ok {
			ref.Component.Key = indexText(index.Key)
			ref.Range = hcl.RangeBetween(t[0].SourceRange(), t[2].SourceRange())
		}
	}
	return ref, true
}

// indexText is a literal key as it stands between the brackets, and as addr.Component has it; "" for others.
func indexText(key cty.Value) string {
	if key.IsNull() || !key.IsKnown() {
		return ""
	}
	switch key.Type() {
	case cty.String:
		return addr.StringKey(key.AsString())
	case cty.Number:
		return key.AsBigFloat().Text('f', -1)
	}
	return ""
}

func keyText(key cty.Value) (string, bool) {
	if key.Type() != cty.String || key.IsNull() || !key.IsKnown() {
		return "", false
	}
	return key.AsString(), true
}

// checkReferences checks every name in the expressions of the stack.
func (d *stackDecoder) checkReferences() {
	s := d.scope()
	for _, v := range sortedByRange(d.stack.Variables, func(v *Variable) hcl.Range { return v.Range }) {
		d.checkValidations(v, "var")
	}
	for _, l := range sortedByRange(d.stack.Locals, func(l *Local) hcl.Range { return l.Range }) {
		d.check(l.Expr, s)
	}
	d.checkCycles(localNodes(d.stack.Locals))
	each := s.with(map[string]*scope{"each": fixed("attribute of each", "key", "value")})
	count := s.with(map[string]*scope{"count": fixed("attribute of count", "index")})
	for _, c := range d.stack.Components {
		inner := s
		if c.ForEach != nil {
			inner = each
		} else if c.Count != nil {
			inner = count
		}
		d.checkComponent(c, s, inner)
	}
	d.checkProviders(d.stack.Providers, &scope{what: "name", children: map[string]*scope{"var": s.children["var"], "local": s.children["local"], "stack": s.children["stack"]},
		advice: "A provider is configured before anything runs: its configuration knows var, local and stack. What comes from a component belongs into a provider block of the recipe."})
	for _, o := range sortedByRange(d.stack.Outputs, func(o *Output) hcl.Range { return o.Range }) {
		d.check(o.Value, s)
	}
}

// checkProviders checks the configurations of providers.
func (l *loader) checkProviders(all map[string]*Provider, s *scope) {
	for _, p := range sortedByRange(all, func(p *Provider) hcl.Range { return p.Range }) {
		for _, a := range ordered(p.Config) {
			l.check(a.Expr, s)
		}
	}
}

func (d *stackDecoder) scope() *scope {
	apps, middleware := map[string]bool{}, map[string]bool{}
	for _, c := range d.stack.Components {
		if c.Block.Kind == addr.App {
			apps[c.Block.Name] = true
		} else {
			middleware[c.Block.Name] = true
		}
	}
	return &scope{what: "name", children: map[string]*scope{
		"var":        declared("variable", `Declare it with a variable block.`, d.stack.Variables),
		"local":      declared("local", `Define it in a locals block.`, d.stack.Locals),
		"app":        declared("app", `Add an app block of that name.`, apps),
		"middleware": declared("middleware", `Add a middleware block of that name.`, middleware),
		"stack":      fixed("attribute of stack", "name"),
	}}
}

func (d *stackDecoder) checkComponent(c *Component, outer, inner *scope) {
	d.check(c.Count, outer)
	d.check(c.ForEach, outer)
	d.check(c.Instances, inner)
	for _, a := range sortedByRange(c.Inputs, func(a *Assignment) hcl.Range { return a.NameRange }) {
		d.check(a.Expr, inner)
	}
	d.check(c.Env, inner)
	for _, b := range sortedByRange(c.Binds, func(b *Bind) hcl.Range { return b.Range }) {
		d.check(b.To, inner)
	}
	for _, p := range sortedByRange(c.Ports, func(e hcl.Expression) hcl.Range { return e.Range() }) {
		d.check(p, inner)
	}
	settled := inner.without("app", "middleware")
	settled.advice = "A sandbox is settled before anything runs, so other components cannot be used here."
	for _, e := range c.Sandbox.Expressions() {
		d.check(e, settled)
	}
	for _, r := range c.Routes {
		for _, a := range ordered(r.Attributes) {
			d.check(a.Expr, inner)
		}
	}
	for _, r := range c.DependsOn {
		t := hcl.Traversal{
			hcl.TraverseRoot{Name: r.Component.Kind.String(), SrcRange: r.Range},
			hcl.TraverseAttr{Name: r.Component.Name, SrcRange: r.Range},
		}
		d.checkTraversal(t, outer)
		if r.Component.Block() == c.Block {
			d.fault(&r.Range, "Depends on itself", "%s cannot depend on itself. Remove it from depends_on.", c.Block)
		}
	}
}

// checkValidations allows a rule the variable itself and nothing else.
func (l *loader) checkValidations(v *Variable, root string) {
	s := &scope{what: "name", children: map[string]*scope{
		root: {what: "name in a validation", advice: "A validation may use only the value that it is about: " + root + "." + v.Name + ".", children: leaves([]string{v.Name})},
	}}
	for _, rule := range v.Validations {
		l.check(rule.Condition, s)
		l.check(rule.ErrorMessage, s)
	}
}
