package config

import (
	"path"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Sandbox is what an instance may do with files beside its own.
type Sandbox struct {
	Enabled *bool          // nil leaves it to who is asked next
	Read    hcl.Expression // list of absolute paths, to read and execute; nil for none
	Write   hcl.Expression // list of absolute paths, to write as well; nil for none
	Range   hcl.Range
}

// Expressions are those that are evaluated, nil for what was not written. A nil Sandbox has none.
func (s *Sandbox) Expressions() []hcl.Expression {
	if s == nil {
		return nil
	}
	return []hcl.Expression{s.Read, s.Write}
}

// sandbox reads a sandbox block.
func (l *loader) sandbox(b *hcl.Block) *Sandbox {
	c := l.content(b.Body, attributes("enabled", "read", "write"))
	s := &Sandbox{Read: exprOf(c, "read"), Write: exprOf(c, "write"), Range: b.DefRange}
	if a := c.Attributes["enabled"]; a != nil {
		enabled := l.boolean(a)
		s.Enabled = &enabled
	}
	for _, e := range s.Expressions() {
		l.writtenPaths(e)
	}
	return s
}

// writtenPaths checks those paths of a list that are written out; others are checked when they are evaluated.
func (l *loader) writtenPaths(list hcl.Expression) {
	if list == nil {
		return
	}
	items, diags := hcl.ExprList(list)
	if diags.HasErrors() {
		if _, literal := list.(*hclsyntax.TemplateExpr); literal {
			l.fault(list.Range().Ptr(), "Not a list", "The paths of a sandbox are a list of strings: [\"/srv/media\"].")
		}
		return
	}
	for _, item := range items {
		v, diags := item.Value(nil)
		if diags.HasErrors() {
			continue
		}
		if v.Type() != cty.String || v.IsNull() {
			l.fault(item.Range().Ptr(), "Not a path", "The paths of a sandbox are strings such as \"/srv/media\".")
		} else if v.IsKnown() && !path.IsAbs(v.AsString()) {
			l.fault(item.Range().Ptr(), "Not an absolute path", "%q has to begin with a slash: a sandbox is about files of the machine. What is in the package or in the instance's own directories is allowed anyway.", v.AsString())
		}
	}
}
