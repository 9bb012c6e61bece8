package config

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Blocks are the blocks of one name within a resource, as the expression of an argument of that name. Its value is a tuple of
// an object for each block, in the order of the text; of blocks with a label it is an object of them by their labels. Which of
// its arguments may be written as blocks, a resource type says (sdk.Attribute.Blocks); nothing is known of types here.
type Blocks struct {
	Name   string
	blocks []written
}

// written is one of them.
type written struct {
	label      string // "" without
	attributes hcl.Attributes
	at         hcl.Range // of its header
}

var _ hcl.Expression = (*Blocks)(nil)

// Value implements hcl.Expression.
func (b *Blocks) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	objects := make([]cty.Value, len(b.blocks))
	for i, w := range b.blocks {
		values := make(map[string]cty.Value, len(w.attributes))
		for name, a := range w.attributes {
			v, more := a.Expr.Value(ctx)
			diags = append(diags, more...)
			values[name] = v
		}
		objects[i] = cty.ObjectVal(values)
	}
	if len(b.blocks) == 0 || b.blocks[0].label == "" {
		return cty.TupleVal(objects), diags
	}
	byLabel := make(map[string]cty.Value, len(objects))
	for i, w := range b.blocks {
		byLabel[w.label] = objects[i]
	}
	return cty.ObjectVal(byLabel), diags
}

// Variables implements hcl.Expression.
func (b *Blocks) Variables() []hcl.Traversal {
	var all []hcl.Traversal
	for _, w := range b.blocks {
		for _, a := range ordered(w.attributes) {
			all = append(all, a.Expr.Variables()...)
		}
	}
	return all
}

// Range implements hcl.Expression.
func (b *Blocks) Range() hcl.Range { return b.blocks[0].at }

// StartRange implements hcl.Expression.
func (b *Blocks) StartRange() hcl.Range { return b.blocks[0].at }

// arguments are the arguments of a body with its blocks among them.
func (l *loader) arguments(body *hclsyntax.Body) hcl.Attributes {
	out := nativeAttributes(body)
	groups := map[string]*Blocks{}
	for _, b := range body.Blocks {
		if first := out[b.Type]; first != nil {
			l.duplicate("argument", first.NameRange, b.DefRange())
			continue
		}
		w := written{attributes: l.arguments(b.Body), at: b.DefRange()}
		if len(b.Labels) > 1 {
			l.fault(w.at.Ptr(), "Unsupported block", "A block within a resource has one label at most, the key of what it is.")
			continue
		}
		if len(b.Labels) == 1 {
			w.label = b.Labels[0]
		}
		g := groups[b.Type]
		if g == nil {
			g = &Blocks{Name: b.Type}
			groups[b.Type] = g
		}
		if l.fits(g, w) {
			g.blocks = append(g.blocks, w)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		g := groups[name]
		out[name] = &hcl.Attribute{Name: name, Expr: g, Range: g.Range(), NameRange: g.Range()}
	}
	return out
}

// fits reports whether a block may stand beside those of its name.
func (l *loader) fits(g *Blocks, w written) bool {
	for _, other := range g.blocks {
		switch {
		case (other.label == "") != (w.label == ""):
			l.fault(w.at.Ptr(), "Unsupported block", "Either all blocks %s have a label or none.", g.Name)
			return false
		case w.label != "" && other.label == w.label:
			l.duplicate("block", other.at, w.at)
			return false
		}
	}
	return true
}
