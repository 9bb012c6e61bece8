package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyfunction "github.com/zclconf/go-cty/cty/function"

	"github.com/nsynapse/recipe/lang/function"
)

// meterLoops makes every loop in a file or expression count its steps, and inside of loops also what is compared as a whole. The counting
// is done by the function.Step of the context in which an expression is evaluated; where there is none, as in files
// of variables, loops are refused. What is calculated stays finite.
func meterLoops(root hclsyntax.Node) { _ = hclsyntax.Walk(root, afterwards(meterNode)) }

// afterwards is called with each node when all below it has been walked through: what it puts around them hides them.
type afterwards func(n hclsyntax.Node)

func (f afterwards) Enter(hclsyntax.Node) hcl.Diagnostics { return nil }

func (f afterwards) Exit(n hclsyntax.Node) hcl.Diagnostics {
	f(n)
	return nil
}

func meterNode(n hclsyntax.Node) {
	switch e := n.(type) {
	case *hclsyntax.ForExpr:
		for _, part := range []hclsyntax.Expression{e.KeyExpr, e.ValExpr, e.CondExpr} {
			if part != nil {
				_ = hclsyntax.Walk(part, afterwards(weighOperands))
			}
		}
		if e.CondExpr != nil { // what comes first in each step
			e.CondExpr = step{e.CondExpr}
		} else {
			e.ValExpr = step{e.ValExpr}
		}
	case *hclsyntax.SplatExpr:
		e.Each = step{e.Each}
	case *hclsyntax.BinaryOpExpr:
		if op := arithmetic[e.Op]; op != nil {
			e.Op = op
		}
	}
}

// arithmetic has the operators of the language in place of those of HCL, which divide by zero.
var arithmetic = map[*hclsyntax.Operation]*hclsyntax.Operation{}

func init() {
	for _, op := range []*hclsyntax.Operation{hclsyntax.OpAdd, hclsyntax.OpSubtract, hclsyntax.OpMultiply, hclsyntax.OpDivide, hclsyntax.OpModulo} {
		divides := op == hclsyntax.OpDivide || op == hclsyntax.OpModulo
		arithmetic[op] = &hclsyntax.Operation{Impl: function.Arithmetic(op.Impl, divides), Type: op.Type}
	}
}

// weighOperands weighs what one operator may walk over in each step of a loop.
func weighOperands(n hclsyntax.Node) {
	switch e := n.(type) {
	case *hclsyntax.BinaryOpExpr:
		if e.Op == hclsyntax.OpEqual || e.Op == hclsyntax.OpNotEqual {
			e.LHS, e.RHS = weigh(e.LHS), weigh(e.RHS)
		}
	case *hclsyntax.ConditionalExpr:
		e.TrueResult, e.FalseResult = weigh(e.TrueResult), weigh(e.FalseResult)
	}
}

// step is an expression that is evaluated in each step of a loop.
type step struct{ hclsyntax.Expression }

// Value counts a step first.
func (s step) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if diags := count(s.Range(), ctx, 1); diags != nil {
		return cty.DynamicVal, diags
	}
	return s.Expression.Value(ctx)
}

// weighed is an expression whose value is walked over as a whole.
type weighed struct{ hclsyntax.Expression }

func weigh(e hclsyntax.Expression) hclsyntax.Expression {
	switch e.(type) {
	case weighed, *hclsyntax.LiteralValueExpr, *hclsyntax.TemplateExpr:
		return e
	}
	return weighed{e}
}

// Value counts what the value holds.
func (w weighed) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := w.Expression.Value(ctx)
	if n := function.Weight(v); n > 100 && !diags.HasErrors() {
		if diags := count(w.Range(), ctx, n/100); diags != nil {
			return cty.DynamicVal, diags
		}
	}
	return v, diags
}

// count counts steps with the meter of the context.
func count(at hcl.Range, ctx *hcl.EvalContext, steps int64) hcl.Diagnostics {
	counter, ok := counterOf(ctx)
	if !ok {
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "No loops here", Subject: &at, Detail: "Only values that are written out stand here. A local of the stack can work them out."}}
	}
	if _, err := counter.Call([]cty.Value{cty.NumberIntVal(steps)}); err != nil {
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Too much to evaluate", Subject: &at, Detail: "Stopped here: " + err.Error() + "."}}
	}
	return nil
}

func counterOf(ctx *hcl.EvalContext) (ctyfunction.Function, bool) {
	for ; ctx != nil; ctx = ctx.Parent() {
		if f, ok := ctx.Functions[function.Step]; ok {
			return f, true
		}
	}
	return ctyfunction.Function{}, false
}
