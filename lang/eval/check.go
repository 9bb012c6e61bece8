package eval

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/providers/sdk"
)

// checkInputs finds inputs that the recipe does not have, and missing ones.
func (b *builder) checkInputs(c *component) {
	known := slices.Sorted(maps.Keys(c.recipe.Inputs))
	for _, name := range slices.Sorted(maps.Keys(c.block.Inputs)) {
		if c.recipe.Inputs[name] == nil {
			b.diags = append(b.diags, fail(c.block.Inputs[name].NameRange, "Unknown input", "The package %s has no input %q; it has %s.%s",
				c.recipe.Name, name, list(known), suggestion(name, known))...)
		}
	}
	b.checkRequiredInputs(c, c.block.Range)
}

func (b *builder) checkRequiredInputs(c *component, at hcl.Range) {
	for _, name := range slices.Sorted(maps.Keys(c.recipe.Inputs)) {
		if c.recipe.Inputs[name].Default != cty.NilVal || c.block != nil && c.block.Inputs[name] != nil {
			continue
		}
		b.diags = append(b.diags, fail(at, "Input without a value", "%s needs the input %q (%s): add inputs = { %s = … }.",
			c.addr, name, position(c.recipe.Inputs[name].Range), name)...)
	}
}

func (b *builder) checkPorts(c *component) {
	for _, name := range slices.Sorted(maps.Keys(c.block.Ports)) {
		if c.recipe.Ports[name] == nil {
			b.diags = append(b.diags, fail(c.block.Ports[name].Range(), "Unknown port", "The package %s has no port %q; it has %s.%s",
				c.recipe.Name, name, list(c.recipe.ports), suggestion(name, c.recipe.ports))...)
		}
		if c.instances > 1 {
			b.diags = append(b.diags, fail(c.block.Ports[name].Range(), "Port for several instances", "%s has %d instances, which cannot all listen on one port. Take the port block away: each instance gets its own.",
				c.addr, c.instances)...)
		}
	}
}

// checkRecipe holds the resources of a recipe against the schemas of their types.
func (b *builder) checkRecipe(r *recipe) {
	b.checkResources(r, r.Install)
	for _, res := range r.Install {
		if t, ok := b.in.Types[res.Type]; ok && !t.Shared {
			b.diags = append(b.diags, fail(res.Range, "Not for install", "What install makes lies in the store and is shared by all who use the package. %s makes something of one instance: put it into configure.", res.Type)...)
		}
	}
	b.checkResources(r, r.Configure)
	b.checkPlaces(r.Configure)
	if r.Bind != nil {
		b.checkResources(r, r.Bind.Resources)
	}
	for _, s := range r.Steps {
		b.checkAttributes("command", s.Attributes, s.Range)
	}
}

func (b *builder) checkResources(r *recipe, resources []*config.Resource) {
	for _, res := range resources {
		if _, ok := b.in.Types[res.Type]; !ok || internalTypes[res.Type] {
			var known []string
			for _, name := range slices.Sorted(maps.Keys(b.in.Types)) {
				if !internalTypes[name] {
					known = append(known, name)
				}
			}
			b.diags = append(b.diags, fail(res.Range, "Unknown resource type", "There is no resource type %q; there is %s.%s", res.Type, list(known), suggestion(res.Type, known))...)
			continue
		}
		t := b.in.Types[res.Type]
		if t.Refused != "" {
			b.diags = append(b.diags, fail(res.Range, "Type cannot be used", "%s cannot be used: %s.", res.Type, t.Refused)...)
			continue
		}
		b.checkAttributes(res.Type, res.Attributes, res.Range)
		b.checkOneOf(res, t.OneOf)
		if t.Configured != nil {
			b.checkProvider(t.Configured, r)
		}
	}
}

// checkOneOf demands exactly one of the named attributes; none are named in most types.
func (b *builder) checkOneOf(res *config.Resource, names []string) {
	var written []string
	for _, name := range names {
		if res.Attributes[name] != nil {
			written = append(written, name)
		}
	}
	switch {
	case len(names) > 0 && len(written) == 0:
		b.diags = append(b.diags, fail(res.Range, "Missing attribute", "%s needs one of %s.", res.Type, list(names))...)
	case len(written) > 1:
		b.diags = append(b.diags, fail(res.Attributes[written[1]].NameRange, "Two in one", "%s takes one of %s, and here are %s. Keep one.", res.Type, list(names), strings.Join(written, " and "))...)
	}
}

// checkPlaces refuses two files of one name in the directory of an instance: each would overwrite the other.
func (b *builder) checkPlaces(resources []*config.Resource) {
	first := map[string]*config.Resource{}
	for _, res := range resources {
		if res.Type != "file" && res.Type != "template" {
			continue
		}
		name, at := res.Name, res.Range
		if a := res.Attributes["file"]; a != nil {
			v, diags := a.Expr.Value(nil)
			written, known := text(v)
			if diags.HasErrors() || !known {
				continue // where it goes is told later
			}
			name, at = path.Clean(written), a.Expr.Range()
		}
		if other := first[name]; other != nil {
			b.diags = append(b.diags, fail(at, "Two files in one place", "%s %q writes the file %q too (%s). Give one of them another name: file = \"…\".", other.Type, other.Name, name, position(other.Range))...)
			continue
		}
		first[name] = res
	}
}

func (b *builder) checkAttributes(typ string, attributes map[string]*hcl.Attribute, at hcl.Range) {
	b.checkArguments(typ, typ, b.in.Types[typ], attributes, at)
}

// checkArguments holds arguments against a schema; what names what they are of, typ is "" for what is no resource.
func (b *builder) checkArguments(what, typ string, schema sdk.TypeSchema, attributes map[string]*hcl.Attribute, at hcl.Range) {
	settable := settable(typ, schema)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		_, blocks := attributes[name].Expr.(*config.Blocks)
		switch {
		case blocks && !schema.Attributes[name].Blocks:
			b.diags = append(b.diags, fail(attributes[name].NameRange, "Unsupported block", "Blocks of type %q are not expected here. %s has arguments only: %s = …%s", name, what, name, suggestion(name, settable))...)
		case !slices.Contains(settable, name):
			b.diags = append(b.diags, fail(attributes[name].NameRange, "Unknown attribute", "%s has no attribute %q; it has %s.%s", what, name, list(settable), suggestion(name, settable))...)
		}
	}
	for _, name := range settable {
		if attributes[name] == nil && schema.Attributes[name].Required && !filled(typ, name, schema) {
			b.diags = append(b.diags, fail(at, "Missing attribute", "%s needs the attribute %q: %s", what, name, schema.Attributes[name].Description)...)
		}
	}
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func suggestion(name string, known []string) string {
	if s := diag.Suggest(name, known); s != "" {
		return fmt.Sprintf(" Did you mean %q?", s)
	}
	return ""
}
