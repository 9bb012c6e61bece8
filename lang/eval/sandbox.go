package eval

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/config"
)

// sandbox is what an instance may do with files: where its own are, and what the recipe and the stack add. It is the engine's
// attribute of the same name; see executor/sandbox.
func (p *Pass) sandbox(c *component, index int) (cty.Value, hcl.Diagnostics) {
	s := sandboxOf{directory: c.directories[index], home: p.graph.in.Home, enabled: c.sandboxed(nil)}
	if own := c.recipe.Sandbox; own != nil {
		s.add(own, p.instanceContext(c, index))
	}
	if c.block != nil && c.block.Sandbox != nil {
		ctx, diags := p.graph.scope.context(c.each, nil, c.block.Sandbox.Expressions()...)
		s.diags = append(s.diags, diags...)
		s.add(c.block.Sandbox, ctx)
	}
	return s.value(), s.diags
}

// processSandbox is that of a process. It is null for the usual one of a process that always runs, whose value has its directory
// anyway: there are many of them.
func (p *Pass) processSandbox(c *component, index int, process *config.Process) (cty.Value, hcl.Diagnostics) {
	usual := c.recipe.Sandbox == nil && (c.block == nil || c.block.Sandbox == nil) && !process.Root
	if usual && process.Schedule == nil {
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	v, diags := p.sandbox(c, index)
	attributes := v.AsValueMap()
	attributes["enabled"] = cty.BoolVal(c.sandboxed(process))
	return cty.ObjectVal(attributes), diags
}

// sandboxed reports whether there is a sandbox: what the stack says, else the recipe, and else there is one, but for a process
// that stays root, which has more to do with the machine. process is nil for commands.
func (c *component) sandboxed(process *config.Process) bool {
	if c.block != nil && c.block.Sandbox != nil && c.block.Sandbox.Enabled != nil {
		return *c.block.Sandbox.Enabled
	}
	if c.recipe.Sandbox != nil && c.recipe.Sandbox.Enabled != nil {
		return *c.recipe.Sandbox.Enabled
	}
	return process == nil || !process.Root
}

// sandboxOf gathers what is said of one sandbox.
type sandboxOf struct {
	directory, home string
	enabled         bool
	lists           [2]pathList // read, write
	diags           hcl.Diagnostics
}

type pathList struct {
	paths   []cty.Value
	unknown bool
}

func (s *sandboxOf) add(said *config.Sandbox, ctx *hcl.EvalContext) {
	for i, expr := range said.Expressions() {
		if expr != nil {
			s.paths(&s.lists[i], expr, ctx)
		}
	}
}

func (s *sandboxOf) paths(to *pathList, expr hcl.Expression, ctx *hcl.EvalContext) {
	v, diags := expr.Value(ctx)
	s.diags = append(s.diags, diags...)
	if diags.HasErrors() {
		return
	}
	v, err := convert.Convert(v, cty.List(cty.String))
	if err != nil {
		s.fault(expr, "Not a list", "The paths of a sandbox are a list of strings: %s.", err)
		return
	}
	if v.ContainsMarked() {
		s.fault(expr, "Secret path", "The paths of a sandbox are seen in plans and by everybody on the machine. They cannot be secrets.")
		return
	}
	if !v.IsWhollyKnown() {
		to.unknown = true
		return
	}
	if v.IsNull() {
		return
	}
	for _, one := range v.AsValueSlice() {
		if s.fine(one, expr) {
			to.paths = append(to.paths, cty.StringVal(path.Clean(one.AsString())))
		}
	}
}

// fine checks one path.
func (s *sandboxOf) fine(v cty.Value, at hcl.Expression) bool {
	const advice = "There are the secrets and the data of all stacks. "
	if v.IsNull() || !path.IsAbs(v.AsString()) {
		text := "null"
		if !v.IsNull() {
			text = v.AsString()
		}
		s.fault(at, "Not an absolute path", "%q has to begin with a slash: a sandbox is about files of the machine.", text)
		return false
	}
	switch clean := path.Clean(v.AsString()); {
	case below(s.home, clean):
		s.fault(at, "Too much", "RECIPE_HOME is below %q. %sAllow only the directories in it that are needed.", clean, advice)
	case below(clean, s.home) && !below(clean, s.directory):
		s.fault(at, "Not to be shared", "%q is in RECIPE_HOME. %sComponents share files in a directory outside of it, and what the package brings along is allowed anyway.", clean, advice)
	default:
		return true
	}
	return false
}

// below reports whether a path is another one or below it. Both are clean.
func below(inner, outer string) bool {
	return inner == outer || strings.HasPrefix(inner, strings.TrimSuffix(outer, "/")+"/")
}

func (s *sandboxOf) fault(at hcl.Expression, summary, format string, args ...any) {
	s.diags = append(s.diags, fail(at.Range(), summary, format, args...)...)
}

func (s *sandboxOf) value() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"directory": cty.StringVal(s.directory), "enabled": cty.BoolVal(s.enabled), "read": s.lists[0].value(), "write": s.lists[1].value(),
	})
}

func (l *pathList) value() cty.Value {
	switch {
	case l.unknown:
		return cty.UnknownVal(cty.List(cty.String))
	case len(l.paths) == 0:
		return cty.ListValEmpty(cty.String)
	}
	return cty.ListVal(l.paths)
}
