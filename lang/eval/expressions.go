package eval

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/config"
)

// expressions lists all expressions of a recipe that its components evaluate.
func (r *recipe) expressions() []hcl.Expression {
	var all []hcl.Expression
	add := func(exprs ...hcl.Expression) {
		for _, e := range exprs {
			if e != nil {
				all = append(all, e)
			}
		}
	}
	attributes := func(m map[string]*hcl.Attribute) {
		for _, a := range m {
			add(a.Expr)
		}
	}
	resources := func(list []*config.Resource) {
		for _, res := range list {
			attributes(res.Attributes)
		}
	}
	for _, l := range r.Locals {
		add(l.Expr)
	}
	for _, p := range r.Ports {
		add(p.Number)
	}
	resources(r.Configure)
	for _, p := range r.Providers {
		attributes(p.Config)
	}
	for _, s := range r.Steps {
		attributes(s.Attributes)
	}
	for _, c := range []*config.Command{r.Backup, r.Restore, r.Promote} {
		if c != nil {
			attributes(c.Attributes)
		}
	}
	add(r.Sandbox.Expressions()...)
	for _, p := range r.Processes {
		add(p.Expressions()...)
		for _, c := range checks(p.Health) {
			attributes(c.Attributes)
		}
	}
	for _, c := range checks(r.Health) {
		attributes(c.Attributes)
	}
	if r.Bind != nil {
		resources(r.Bind.Resources)
		add(r.Bind.Attributes)
	}
	return all
}

func checks(h *config.Health) []*config.Check {
	if h == nil {
		return nil
	}
	var list []*config.Check
	for _, c := range []*config.Check{h.Startup, h.Readiness, h.Liveness} {
		if c != nil {
			list = append(list, c)
		}
	}
	return list
}

// keyExpression returns the index of middleware.main["eu"] or middleware.main[each.key]; ok is false without one.
func keyExpression(e hcl.Expression) (hcl.Expression, bool) {
	switch e := e.(type) {
	case *hclsyntax.IndexExpr:
		return e.Key, true
	case *hclsyntax.ScopeTraversalExpr:
		if len(e.Traversal) > 2 {
			if index, ok := e.Traversal[2].(hcl.TraverseIndex); ok {
				return hcl.StaticExpr(index.Key, index.SrcRange), true
			}
		}
	}
	if t, diags := hcl.AbsTraversalForExpr(e); !diags.HasErrors() && len(t) > 2 {
		if index, ok := t[2].(hcl.TraverseIndex); ok {
			return hcl.StaticExpr(index.Key, index.SrcRange), true
		}
	}
	return nil, false
}

// dependsOn lists which of the resources named root.TYPE.NAME the expressions of attributes use.
func resourcesUsed(attributes map[string]*hcl.Attribute, root string) map[[2]string]bool {
	used := map[[2]string]bool{}
	for _, a := range attributes {
		for _, t := range a.Expr.Variables() {
			if t.RootName() != root || len(t) < 3 {
				continue
			}
			typ, ok1 := t[1].(hcl.TraverseAttr)
			name, ok2 := t[2].(hcl.TraverseAttr)
			if ok1 && ok2 {
				used[[2]string{typ.Name, name.Name}] = true
			}
		}
	}
	return used
}

// text is v as a string when it is a known one without marks.
func text(v cty.Value) (string, bool) {
	v, _ = v.Unmark()
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}
