package config

import (
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/addr"
)

func componentSchema() *hcl.BodySchema {
	s := attributes("package", "version", "source", "instances", "backups", "count", "for_each", "inputs", "env", "depends_on")
	s.Blocks = []hcl.BlockHeaderSchema{
		{Type: "bind", LabelNames: []string{"requirement"}},
		{Type: "port", LabelNames: []string{"name"}},
		{Type: "route"},
		{Type: "update"},
		{Type: "backup"},
		{Type: "limits"},
		{Type: "sandbox"},
	}
	return s
}

func (d *stackDecoder) component(b *hcl.Block) {
	kind, _ := addr.ParseKind(b.Type)
	c := &Component{
		Block:  addr.Component{Kind: kind, Name: b.Labels[0]},
		Range:  b.DefRange,
		Inputs: map[string]*Assignment{},
		Binds:  map[string]*Bind{},
		Ports:  map[string]hcl.Expression{},
	}
	if first := d.index[c.Block]; first != nil {
		d.duplicate(b.Type, first.Range, b.DefRange)
		return
	}
	d.name(b.Type, c.Block.Name, b.LabelRanges[0])
	d.index[c.Block] = c
	d.stack.Components = append(d.stack.Components, c)
	before := len(d.diags)
	content := d.content(b.Body, componentSchema())
	d.origin(c, content.Attributes, len(d.diags) > before)
	d.copies(c, content.Attributes)
	d.inputs(c, content.Attributes["inputs"])
	d.dependsOn(c, content.Attributes["depends_on"])
	for _, inner := range content.Blocks {
		switch inner.Type {
		case "bind":
			d.bind(c, inner)
		case "port":
			d.fixedPort(c, inner)
		case "backup":
			if c.Retention != nil {
				d.duplicate("backup block", c.Retention.Range, inner.DefRange)
				continue
			}
			c.Retention = d.retention(inner)
		case "update":
			if c.Update != nil {
				d.duplicate("update block", c.Update.Range, inner.DefRange)
				continue
			}
			c.Update = d.update(inner, true)
		case "limits":
			if c.Limits != nil {
				d.duplicate("limits block", c.Limits.Range, inner.DefRange)
				continue
			}
			c.Limits = d.bounds(inner)
		case "sandbox":
			if c.Sandbox != nil {
				d.duplicate("sandbox block", c.Sandbox.Range, inner.DefRange)
				continue
			}
			c.Sandbox = d.sandbox(inner)
		case "route":
			d.route(c, inner)
		}
	}
}

// origin reads where the package comes from. When there are unknown arguments, one of them may be meant for it.
func (d *stackDecoder) origin(c *Component, attrs hcl.Attributes, unknown bool) {
	name, source := attrs["package"], attrs["source"]
	before := len(d.diags)
	c.Package, c.Source = d.text(name), d.text(source)
	readable := len(d.diags) == before
	c.Version = d.constraint(attrs["version"])
	if name != nil {
		c.PackageRange = name.Expr.Range()
		if readable {
			d.packageName(c.Package, c.PackageRange)
		}
	}
	if source != nil {
		c.SourceRange = source.Expr.Range()
	}
	switch {
	case name == nil && source == nil && unknown:
	case name == nil && source == nil:
		d.fault(&c.Range, "No package", `%s names no package: add package = "NAME" for one of the library, or source = "./DIRECTORY" for one of your own.`, c.Block)
	case name != nil && source != nil:
		d.fault(source.Range.Ptr(), "Two packages", "%s has both package and source (package at %s). Keep one.", c.Block, place(name.Range))
	case source != nil && c.Source == "" && readable:
		d.fault(&c.SourceRange, "No package", "source is empty; name a directory such as \"./shop\".")
	}
}

// copies reads how many there are of the component, and what each finds in its environment.
func (d *stackDecoder) copies(c *Component, attrs hcl.Attributes) {
	expr := func(name string) hcl.Expression {
		if a := attrs[name]; a != nil {
			return a.Expr
		}
		return nil
	}
	c.Instances, c.Backups, c.Count, c.ForEach = expr("instances"), expr("backups"), expr("count"), expr("for_each")
	c.Env = expr("env")
	if c.Count != nil && c.ForEach != nil {
		d.fault(attrs["for_each"].Range.Ptr(), "Both count and for_each", "%s has count (%s) and for_each. Keep one.", c.Block, place(attrs["count"].Range))
	}
}

// inputs reads the object of inputs. It must be written out, so that each input has a place of its own.
func (d *stackDecoder) inputs(c *Component, a *hcl.Attribute) {
	if a == nil {
		return
	}
	pairs, diags := hcl.ExprMap(a.Expr)
	if diags.HasErrors() {
		d.fault(a.Expr.Range().Ptr(), "Inputs must be written out", "inputs must be written as { name = value, … }, so that a mistake can be shown at its own line. Values may be any expression.")
		return
	}
	for _, p := range pairs {
		name, ok := d.key(p.Key, "input")
		if !ok {
			continue
		}
		if first := c.Inputs[name]; first != nil {
			d.duplicate("input", first.NameRange, p.Key.Range())
			continue
		}
		c.Inputs[name] = &Assignment{Name: name, NameRange: p.Key.Range(), Expr: p.Value}
	}
}

// key reads the fixed key of an object.
func (l *loader) key(expr hcl.Expression, what string) (string, bool) {
	v, diags := expr.Value(nil)
	if !diags.HasErrors() {
		if s, err := convert.Convert(v, cty.String); err == nil && s.IsKnown() && !s.IsNull() {
			return s.AsString(), true
		}
	}
	l.fault(expr.Range().Ptr(), "Fixed name needed", "The name of an %s must be written out.", what)
	return "", false
}

func (d *stackDecoder) bind(c *Component, b *hcl.Block) {
	name := b.Labels[0]
	if first := c.Binds[name]; first != nil {
		d.duplicate("bind", first.Range, b.DefRange)
		return
	}
	content := d.content(b.Body, &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "to", Required: true}}})
	a := content.Attributes["to"]
	if a == nil {
		return
	}
	c.Binds[name] = &Bind{Requirement: name, To: reference(a.Expr), Range: b.DefRange}
	if !isComponentReference(c.Binds[name].To) {
		d.fault(a.Expr.Range().Ptr(), "Not a component", `"to" must name a component without quotes, such as middleware.main or app.shop["eu"].`)
	}
}

// reference makes a traversal of the string that stands for one in JSON; another expression stays as it is.
func reference(expr hcl.Expression) hcl.Expression {
	if _, native := expr.(hclsyntax.Expression); native {
		return expr
	}
	t, diags := hcl.AbsTraversalForExpr(expr)
	if diags.HasErrors() {
		return expr
	}
	return &hclsyntax.ScopeTraversalExpr{Traversal: t, SrcRange: expr.Range()}
}

// isComponentReference reports whether expr is app.NAME or middleware.NAME, with or without an index.
func isComponentReference(expr hcl.Expression) bool {
	if i, ok := expr.(*hclsyntax.IndexExpr); ok {
		expr = i.Collection
	}
	s, ok := expr.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return false
	}
	t := s.Traversal
	if _, ok := componentRoot(t); !ok || len(t) > 3 {
		return false
	}
	if len(t) == 3 {
		_, index := t[2].(hcl.TraverseIndex)
		return index
	}
	return true
}

func (d *stackDecoder) fixedPort(c *Component, b *hcl.Block) {
	content := d.content(b.Body, &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "number", Required: true}}})
	a := content.Attributes["number"]
	if a == nil {
		return
	}
	if first := c.Ports[b.Labels[0]]; first != nil {
		d.duplicate("port", first.Range(), b.DefRange)
		return
	}
	d.portNumber(a)
	c.Ports[b.Labels[0]] = a.Expr
}

// portNumber checks a number that is written out; one with references is checked when it is evaluated.
func (l *loader) portNumber(a *hcl.Attribute) {
	if len(a.Expr.Variables()) == 0 {
		l.integer(a, 1, 65535)
	}
}

func (d *stackDecoder) dependsOn(c *Component, a *hcl.Attribute) {
	if a == nil {
		return
	}
	items, diags := hcl.ExprList(a.Expr)
	if diags.HasErrors() {
		d.fault(a.Expr.Range().Ptr(), "Wrong type", "depends_on must be a list of components, such as [middleware.main, app.shop].")
		return
	}
	for _, item := range items {
		t, diags := hcl.AbsTraversalForExpr(item)
		ref, ok := componentRoot(t)
		if diags.HasErrors() || !ok || !isComponentReference(&hclsyntax.ScopeTraversalExpr{Traversal: t}) {
			d.fault(item.Range().Ptr(), "Not a component", "depends_on lists components without quotes, such as middleware.main or app.shop.")
			continue
		}
		ref.Range = item.Range()
		c.DependsOn = append(c.DependsOn, ref)
	}
}

// ordered returns attributes in the order of the file.
func ordered(attrs hcl.Attributes) []*hcl.Attribute {
	out := make([]*hcl.Attribute, 0, len(attrs))
	for _, a := range attrs {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *hcl.Attribute) int {
		return cmp.Or(cmp.Compare(a.NameRange.Filename, b.NameRange.Filename), cmp.Compare(a.NameRange.Start.Byte, b.NameRange.Start.Byte))
	})
	return out
}
