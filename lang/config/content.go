package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// content decodes a body by a schema. It never returns nil, and drops blocks with labels missing.
func (l *loader) content(body hcl.Body, schema *hcl.BodySchema) *hcl.BodyContent {
	c, diags := body.Content(schema)
	for _, d := range diags {
		l.diags = append(l.diags, suggested(d, schema))
	}
	return c
}

// suggested adds "did you mean" where hcl found nothing near, with all names of the schema in view: an attribute may
// be meant where a block is written.
func suggested(d *hcl.Diagnostic, schema *hcl.BodySchema) *hcl.Diagnostic {
	if strings.Contains(d.Detail, "Did you mean") || !strings.HasPrefix(d.Summary, "Unsupported") {
		return d
	}
	_, rest, ok := strings.Cut(d.Detail, `"`)
	name, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed {
		return d
	}
	if home := elsewhere(name, schema); home != "" {
		c := *d
		c.Detail += " " + home
		return &c
	}
	var names []string
	for _, a := range schema.Attributes {
		names = append(names, a.Name)
	}
	for _, b := range schema.Blocks {
		names = append(names, b.Type)
	}
	c := *d
	if hint := didYouMean(name, names); hint != "" {
		c.Detail += hint
	} else if len(names) > 0 && len(names) < 20 {
		c.Detail += " There may be " + strings.Join(names, ", ") + "."
	}
	return &c
}

// elsewhere says where a word belongs that is known, and not here: to the other kind of file, or to other programs, whose users write
// it first. "" for all other words.
func elsewhere(name string, schema *hcl.BodySchema) string {
	switch {
	case hasBlock(schema, "stack") && hasBlock(recipeSchema(), name):
		return "It belongs into the recipe of a package, recipe.hcl."
	case hasBlock(schema, "process") && hasBlock(stackSchema(), name):
		return "It belongs into the stack, stack.hcl."
	case hasBlock(schema, "stack"):
		return foreignBlocks[name]
	case hasBlock(schema, "route"):
		return foreignArguments[name]
	}
	return ""
}

func hasBlock(schema *hcl.BodySchema, name string) bool {
	return slices.ContainsFunc(schema.Blocks, func(b hcl.BlockHeaderSchema) bool { return b.Type == name })
}

// foreignBlocks are blocks that other programs have at the top of a file.
var foreignBlocks = map[string]string{
	"data":      "What runs is an app or a middleware; the resources of one stand in its recipe.",
	"job":       "What runs is an app or a middleware.",
	"module":    "What is used again is a package: app \"NAME\" { source = \"./DIRECTORY\" }.",
	"resource":  "What runs is an app or a middleware; the resources of one stand in its recipe.",
	"service":   "What runs is an app or a middleware.",
	"services":  "What runs is an app or a middleware, each in a block of its own.",
	"terraform": "The version of recipe that a stack needs is requires_recipe in its stack block.",
	"volumes":   "An instance has a directory for its data by itself.",
}

// foreignArguments are what other programs say of something that runs.
var foreignArguments = map[string]string{
	"build":       "How software is built stands in its recipe, in install.",
	"command":     "What is run stands in the process block of the recipe.",
	"environment": "Variables are env = { NAME = \"value\" }.",
	"env_file":    "Variables are env = { NAME = \"value\" }; values from a file come by -var-file and var.NAME.",
	"expose":      "The ports of an app stand in its recipe.",
	"health":      "How its health is checked stands in the recipe, in health.",
	"healthcheck": "How its health is checked stands in the recipe, in health.",
	"image":       "There are no images: package = \"NAME\" names a package, source = \"./DIRECTORY\" files of your own.",
	"ports":       "The ports of an app stand in its recipe; port \"NAME\" { number = N } fixes one.",
	"profiles":    "What is not always there has count = var.NAME ? 1 : 0.",
	"replicas":    "That is instances.",
	"restart":     "A process that ends is started again by itself.",
	"scale":       "That is instances.",
	"volumes":     "An instance has a directory for its data by itself; other files of the machine are named in sandbox.",
}

// attributes is a schema of optional attributes.
func attributes(names ...string) *hcl.BodySchema {
	s := &hcl.BodySchema{}
	for _, n := range names {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: n})
	}
	return s
}

// locals adds the attributes of one locals block to all.
func (l *loader) locals(b *hcl.Block, all map[string]*Local) {
	attrs, diags := b.Body.JustAttributes()
	l.diags = append(l.diags, diags...)
	for _, a := range ordered(attrs) {
		if first := all[a.Name]; first != nil {
			l.duplicate("local", first.Range, a.NameRange)
			continue
		}
		all[a.Name] = &Local{Name: a.Name, Expr: a.Expr, Range: a.NameRange}
	}
}
