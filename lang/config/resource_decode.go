package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// resources adds the resource blocks of b to all, each with a type and a name of its own. The types are not known
// here, since plugins bring more, so the blocks of JSON are read from its objects.
func (d *recipeDecoder) resources(b *hcl.Block, all []*Resource) []*Resource {
	var found []*Resource
	if body, native := b.Body.(*hclsyntax.Body); native {
		for _, a := range ordered(nativeAttributes(body)) {
			d.fault(&a.NameRange, "Unsupported argument", `%s holds blocks such as directory "data" { … } and no arguments.`, b.Type)
		}
		for _, inner := range body.Blocks {
			if r := d.nativeResource(inner); r != nil {
				found = append(found, r)
			}
		}
	} else {
		found = d.jsonResources(b.Body)
	}
	return d.addResources(b.Type, all, found)
}

// addResources adds those of found whose names are new within their kind of block.
func (d *recipeDecoder) addResources(block string, all, found []*Resource) []*Resource {
	for _, r := range found {
		key := [3]string{block, r.Type, r.Name}
		if first := d.resourceIndex[key]; first != nil {
			d.duplicate("resource", first.Range, r.Range)
			continue
		}
		d.resourceIndex[key] = r
		all = append(all, r)
	}
	return all
}

func nativeAttributes(body *hclsyntax.Body) hcl.Attributes {
	out := hcl.Attributes{}
	for name, a := range body.Attributes {
		out[name] = a.AsHCLAttribute()
	}
	return out
}

func (d *recipeDecoder) nativeResource(b *hclsyntax.Block) *Resource {
	r := &Resource{Type: b.Type, Range: b.DefRange(), Attributes: d.arguments(b.Body)}
	if len(b.Labels) != 1 {
		d.fault(r.Range.Ptr(), "Name needed", `A resource has a type and one name: %s "NAME" { … }.`, b.Type)
		return nil
	}
	r.Name = b.Labels[0]
	d.identifier("a resource", r.Name, b.LabelRanges[0])
	return r
}

// jsonResources reads {"TYPE": {"NAME": {"argument": …}}}.
func (d *recipeDecoder) jsonResources(body hcl.Body) []*Resource {
	attrs, diags := body.JustAttributes()
	d.diags = append(d.diags, diags...)
	var out []*Resource
	for _, a := range ordered(attrs) {
		names, diags := hcl.ExprMap(a.Expr)
		d.diags = append(d.diags, diags...)
		for _, n := range names {
			if r := d.jsonResource(a.Name, n); r != nil {
				out = append(out, r)
			}
		}
	}
	return out
}

func (d *recipeDecoder) jsonResource(typ string, pair hcl.KeyValuePair) *Resource {
	name, ok := d.key(pair.Key, "resource")
	args, diags := hcl.ExprMap(pair.Value)
	d.diags = append(d.diags, diags...)
	if !ok || diags.HasErrors() {
		return nil
	}
	d.identifier("a resource", name, pair.Key.Range())
	r := &Resource{Type: typ, Name: name, Range: pair.Key.Range(), Attributes: map[string]*hcl.Attribute{}}
	for _, arg := range args {
		key, ok := d.key(arg.Key, "argument")
		if !ok {
			continue
		}
		if first := r.Attributes[key]; first != nil {
			d.duplicate("argument", first.NameRange, arg.Key.Range())
			continue
		}
		r.Attributes[key] = &hcl.Attribute{
			Name: key, Expr: arg.Value, NameRange: arg.Key.Range(),
			Range: hcl.RangeBetween(arg.Key.Range(), arg.Value.Range()),
		}
	}
	return r
}

// binder reads the bind block: attributes and resources.
func (d *recipeDecoder) binder(b *hcl.Block) {
	if !d.once(b) {
		return
	}
	out := &Binder{Range: b.DefRange}
	d.recipe.Bind = out
	body, native := b.Body.(*hclsyntax.Body)
	if !native {
		c, rest, diags := b.Body.PartialContent(attributes("attributes"))
		d.diags = append(d.diags, diags...)
		if a := c.Attributes["attributes"]; a != nil {
			out.Attributes = a.Expr
		}
		out.Resources = d.addResources(b.Type, nil, d.jsonResources(rest))
		return
	}
	attrs := nativeAttributes(body)
	for _, a := range ordered(attrs) {
		if a.Name == "attributes" {
			out.Attributes = a.Expr
			continue
		}
		d.fault(&a.NameRange, "Unsupported argument", "An argument named %q is not expected here: a bind block has attributes = { … } and resource blocks.%s", a.Name, didYouMean(a.Name, []string{"attributes"}))
	}
	var found []*Resource
	for _, inner := range body.Blocks {
		if inner.Type == "attributes" {
			d.fault(inner.DefRange().Ptr(), "Unsupported block", "attributes is a value here, not a block: write attributes = { … }.")
			continue
		}
		if r := d.nativeResource(inner); r != nil {
			found = append(found, r)
		}
	}
	out.Resources = d.addResources(b.Type, nil, found)
}
