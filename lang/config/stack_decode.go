package config

import (
	"path"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/addr"
)

func newStack(sources map[string][]byte) *Stack {
	return &Stack{
		Variables: map[string]*Variable{},
		Locals:    map[string]*Local{},
		Outputs:   map[string]*Output{},
		Providers: map[string]*Provider{},
		Sources:   sources,
	}
}

// stackDecoder puts the blocks of all files of a stack together.
type stackDecoder struct {
	*loader
	stack *Stack
	index map[addr.Component]*Component // by block
}

func stackSchema() *hcl.BodySchema {
	return &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "stack", LabelNames: []string{"name"}},
		{Type: "variable", LabelNames: []string{"name"}},
		{Type: "locals"},
		{Type: "app", LabelNames: []string{"name"}},
		{Type: "middleware", LabelNames: []string{"name"}},
		{Type: "output", LabelNames: []string{"name"}},
		{Type: "uses_provider", LabelNames: []string{"name"}},
		{Type: "provider", LabelNames: []string{"protocol", "name"}},
		{Type: "executor", LabelNames: []string{"name"}},
	}}
}

// file decodes the blocks of one file; a nil body stands for one that could not be read.
func (d *stackDecoder) file(body hcl.Body) {
	if body == nil {
		return
	}
	if d.index == nil {
		d.index = map[addr.Component]*Component{}
	}
	for _, b := range d.content(body, stackSchema()).Blocks {
		switch b.Type {
		case "stack":
			d.header(b)
		case "variable":
			d.variable(b, "variable", d.stack.Variables)
		case "locals":
			d.locals(b, d.stack.Locals)
		case "app", "middleware":
			d.component(b)
		case "output":
			d.output(b)
		case "executor":
			d.executor(b)
		case "uses_provider":
			d.usesProvider(b, d.stack.Providers)
		case "provider":
			if p := d.foreign(b, d.stack.Providers); p != nil && p.Source == "" {
				d.fault(b.DefRange.Ptr(), "No source", `provider "terraform" %q needs a source = "./PATH", which is the program of the provider.`, b.Labels[1])
			}
		}
	}
}

func (d *stackDecoder) header(b *hcl.Block) {
	if d.stack.Name != "" {
		d.duplicate("stack block", d.stack.Range, b.DefRange)
		return
	}
	d.stack.Name, d.stack.Range = b.Labels[0], b.DefRange
	d.name("stack", b.Labels[0], b.LabelRanges[0])
	schema := attributes("requires_recipe", "registries", "prefer", "exclude")
	schema.Blocks = []hcl.BlockHeaderSchema{{Type: "acme"}}
	c := d.content(b.Body, schema)
	for _, inner := range c.Blocks {
		d.acme(inner)
	}
	d.stack.Requires = d.constraint(c.Attributes["requires_recipe"])
	d.stack.Prefer, d.stack.Exclude = d.packageNames(c.Attributes["prefer"]), d.packageNames(c.Attributes["exclude"])
	for _, p := range d.stack.Prefer {
		if at := slices.IndexFunc(d.stack.Exclude, func(e Named) bool { return e.Name == p.Name }); at >= 0 {
			d.fault(&p.Range, "Preferred and excluded", "%q is excluded too (%s). Keep one.", p.Name, place(d.stack.Exclude[at].Range))
		}
	}
	d.stack.Registries = d.texts(c.Attributes["registries"])
}

func (d *stackDecoder) output(b *hcl.Block) {
	name := b.Labels[0]
	if first := d.stack.Outputs[name]; first != nil {
		d.duplicate("output", first.Range, b.DefRange)
		return
	}
	d.identifier("an output", name, b.LabelRanges[0])
	c := d.content(b.Body, &hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "value", Required: true}, {Name: "description"}, {Name: "sensitive"},
	}})
	a := c.Attributes["value"]
	if a == nil {
		return
	}
	d.stack.Outputs[name] = &Output{
		Name:        name,
		Description: d.text(c.Attributes["description"]),
		Value:       a.Expr,
		Sensitive:   d.boolean(c.Attributes["sensitive"]),
		Range:       b.DefRange,
	}
}

// finish checks what only the whole shows: the stack block, the references and the cycles.
func (d *stackDecoder) finish(name string, files int) {
	switch {
	case files == 0 && d.diags.HasErrors():
		return // it could not even be listed
	case files == 0 && (exists(d.fsys, path.Join(name, recipeFile)) || exists(d.fsys, path.Join(name, recipeFileJSON))):
		d.fault(nil, "Not a stack", "%s holds a package, which a stack names with source = \"./DIRECTORY\". By itself it is checked by recipe package.", whole(name))
		return
	case files == 0:
		d.fault(nil, "Not a stack", "%s holds no .hcl file of a stack. Go to the directory of one, or name it; a new one begins with a file stack.hcl that says stack \"NAME\" {}.", whole(name))
		return
	case d.stack.Name == "" && !d.diags.HasErrors():
		d.fault(nil, "No stack block", "%s lacks the block that names the stack. Add it: stack %q {}", whole(name), "NAME")
	}
	if !d.torn { // what is named may stand in the file that is left out
		d.checkReferences()
	}
}

// whole is the stack's path as a sentence begins with it.
func whole(name string) string {
	if name == "." {
		return "The directory"
	}
	return name
}
