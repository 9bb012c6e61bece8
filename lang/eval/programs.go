package eval

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// programs refuses those of the named attributes that are to run something and name no program.
func programs(attributes map[string]*hcl.Attribute, values map[string]cty.Value, names ...string) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, name := range names {
		if a := attributes[name]; a != nil && nameless(values[name]) {
			diags = append(diags, noProgram(name, a.Expr)...)
		}
	}
	return diags
}

func noProgram(name string, at hcl.Expression) hcl.Diagnostics {
	return fail(at.Range(), "Nothing to run", `%s lists a program and its arguments, such as ["python3", "server.py"], and here the program is missing.`, name)
}

// nameless reports whether v is a command line of which it is known that it has no program.
func nameless(v cty.Value) bool {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() || !v.Type().IsListType() && !v.Type().IsTupleType() {
		return false
	}
	for it := v.ElementIterator(); it.Next(); {
		_, first := it.Element()
		program, known := text(first)
		return known && program == ""
	}
	return true
}
