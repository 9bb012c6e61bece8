package eval

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/config"
)

// programs refuses those of the named attributes that are to run something and name no program.
func programs(attributes map[string]*hcl.Attribute, values map[string]cty.Value, names ...string) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, name := range names {
		if a := attributes[name]; a != nil && nameless(values[name]) {
			diags = append(diags, config.NoProgram(name, a.Expr)...)
		}
	}
	return diags
}

// missingFiles refuses the directory of a command, and programs that are started from there, if they are not in the package.
func (p *Package) missingFiles(attributes map[string]*hcl.Attribute, values map[string]cty.Value) hcl.Diagnostics {
	diags := p.missing(attributes["directory"], values["directory"])
	if diags.HasErrors() {
		return diags
	}
	for _, name := range []string{"command", "undo"} {
		if a := attributes[name]; a != nil {
			diags = append(diags, p.missingProgram(a.Expr, values[name], values["directory"])...)
		}
	}
	return diags
}

// missingProgram refuses a command line whose program is a relative path to what is not in the package.
func (p *Package) missingProgram(at hcl.Expression, command, directory cty.Value) hcl.Diagnostics {
	program, known := text(firstOf(command))
	if !known || !strings.Contains(program, "/") || path.IsAbs(program) {
		return nil
	}
	if directory != cty.NilVal && !directory.IsNull() {
		below, known := text(directory)
		if !known || path.IsAbs(below) {
			return nil
		}
		program = path.Join(below, program)
	}
	return p.missingAt(at.Range(), cty.StringVal(program))
}

// firstOf is the first element of a list of which that is known; else NilVal.
func firstOf(v cty.Value) cty.Value {
	v, _ = v.Unmark()
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() || !v.Type().IsListType() && !v.Type().IsTupleType() {
		return cty.NilVal
	}
	for it := v.ElementIterator(); it.Next(); {
		_, first := it.Element()
		return first
	}
	return cty.NilVal
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
