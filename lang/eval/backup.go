package eval

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// backup is how the data of an instance is written aside and brought back. Both commands have the environment of a step.
func (p *Pass) backup(c *component, index int) (cty.Value, hcl.Diagnostics) {
	ctx := p.configureContext(c, index)
	attributes, diags := evaluate(c.recipe.Backup.Attributes, ctx)
	back, more := evaluate(c.recipe.Restore.Attributes, ctx)
	diags = append(diags, more...)
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	env, more := p.environment(c, index, attributes["env"])
	diags = append(diags, more...)
	attributes["env"], attributes["restore"] = env, back["command"]
	inPackage(attributes, c.recipe.pkg.Path)
	attributes["sandbox"], more = p.sandbox(c, index)
	diags = append(diags, more...)
	at := p.graph.place(c, index, "backup")
	engine(p.graph.in.Types["backup"], attributes, "backup", at)
	attributes["scratch"] = cty.StringVal(at.directory + "/tmp")
	v, err := conform(p.graph.in.Types["backup"], attributes)
	if err != nil {
		return cty.NilVal, append(diags, p.misfit(err, c.recipe.Backup.Attributes, c.recipe.Backup.Range)...)
	}
	return v, diags
}
