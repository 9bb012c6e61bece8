package eval

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/config"
)

// ParseVariable reads the value of v as given on a command line or in the environment: as it is for strings, else as
// an expression, such as 3, true or ["a", "b"]. from says where it was given.
func ParseVariable(v *config.Variable, text, from string) (cty.Value, hcl.Diagnostics) {
	if v.Type == cty.String || v.Type == cty.DynamicPseudoType {
		return cty.StringVal(text), nil
	}
	expr, diags := config.ParseExpression([]byte(text), from)
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	value, diags := expr.Value(nil)
	if diags.HasErrors() {
		if v.Sensitive {
			text = "the value"
		}
		return cty.NilVal, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Value does not fit", Subject: v.Range.Ptr(),
			Detail: fmt.Sprintf("The variable %q takes a %s, and %s (%s) is none: numbers and booleans stand alone, lists as [\"a\", \"b\"], maps as { a = 1 }.",
				v.Name, v.Type.FriendlyNameForConstraint(), text, from)}}
	}
	return value, nil
}

// ParseVariables reads a file of values, name = expression. One that is told as wrong is unknown.
func ParseVariables(source []byte, filename string) (map[string]cty.Value, map[string]hcl.Range, hcl.Diagnostics) {
	body, diags := config.ParseBody(source, filename)
	if diags.HasErrors() {
		return nil, nil, diags
	}
	attributes, diags := body.JustAttributes()
	values, places := map[string]cty.Value{}, map[string]hcl.Range{}
	for name, a := range attributes {
		v, more := a.Expr.Value(nil)
		if len(a.Expr.Variables()) > 0 {
			more = fail(a.Expr.Range(), "Value needed", "The value of %s must be written out, and text stands in quotes: %s = \"…\".", name, name)
		}
		diags = append(diags, more...)
		if more.HasErrors() {
			v = cty.DynamicVal
		}
		values[name], places[name] = v, a.NameRange
	}
	return values, places, diags
}
