package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// CheckCommands finds the command lines that are written out and name no program: nobody has to run the recipe to see that, and a
// package that is published stays as it is. Others are evaluated with the stack.
func (r *Recipe) CheckCommands() (diags hcl.Diagnostics) {
	for _, s := range r.Steps {
		diags = append(diags, commandsIn(s.Attributes, "command", "undo")...)
	}
	for _, p := range r.Processes {
		diags = append(diags, checkCommand("command", p.Command)...)
	}
	for _, c := range []*Command{r.Backup, r.Restore, r.Promote} {
		if c != nil {
			diags = append(diags, commandsIn(c.Attributes, "command")...)
		}
	}
	return diags
}

func commandsIn(attributes map[string]*hcl.Attribute, names ...string) (diags hcl.Diagnostics) {
	for _, name := range names {
		if a := attributes[name]; a != nil {
			diags = append(diags, checkCommand(name, a.Expr)...)
		}
	}
	return diags
}

func checkCommand(name string, e hcl.Expression) hcl.Diagnostics {
	if list, diags := hcl.ExprList(e); !diags.HasErrors() && len(list) == 0 {
		return NoProgram(name, e)
	}
	if text, ok := e.(*hclsyntax.TemplateExpr); ok && text.IsStringLiteral() {
		return noCommand(e, "Not a list", `%s lists a program and its arguments, such as ["python3", "server.py"], since no shell takes a line apart. With one it is ["sh", "-c", "…"].`, name)
	}
	return nil
}

// NoProgram is the mistake of a command line, the argument of that name, that has no program.
func NoProgram(name string, e hcl.Expression) hcl.Diagnostics {
	return noCommand(e, "Nothing to run", `%s lists a program and its arguments, such as ["python3", "server.py"], and here the program is missing.`, name)
}

func noCommand(e hcl.Expression, summary, format string, args ...any) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Subject: e.Range().Ptr(), Summary: summary, Detail: fmt.Sprintf(format, args...)}}
}
