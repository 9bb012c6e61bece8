package eval

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// retention is which backups are kept, null for all.
func retention(c *component) (keep, maxAge cty.Value) {
	keep, maxAge = cty.NullVal(cty.Number), cty.NullVal(cty.String)
	if c.block == nil || c.block.Retention == nil {
		return keep, maxAge
	}
	r := c.block.Retention
	if r.Keep > 0 {
		keep = cty.NumberIntVal(int64(r.Keep))
	}
	if r.MaxAge != "" {
		maxAge = cty.StringVal(r.MaxAge)
	}
	return keep, maxAge
}

// checkRetention refuses to keep backups of what has none.
func (b *builder) checkRetention(c *component) {
	if c.block != nil && c.block.Retention != nil && c.recipe.Backup == nil {
		b.diags = append(b.diags, fail(c.block.Retention.Range, "No backups", "The recipe of %s does not say how a backup is taken, so there are none to keep. Remove this block.", c.addr)...)
	}
}

// backup is how the data of an instance is written aside and brought back. Both commands have the environment of a step.
func (p *Pass) backup(c *component, index int) (cty.Value, hcl.Diagnostics) {
	ctx := p.configureContext(c, index)
	attributes, diags := evaluate(c.recipe.Backup.Attributes, ctx)
	back, more := evaluate(c.recipe.Restore.Attributes, ctx)
	diags = append(diags, more...)
	diags = append(diags, programs(c.recipe.Backup.Attributes, attributes, "command")...)
	diags = append(diags, programs(c.recipe.Restore.Attributes, back, "command")...)
	if index == 0 {
		diags = append(diags, c.recipe.pkg.missingFiles(c.recipe.Backup.Attributes, attributes)...)
	}
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	env, more := p.environment(c, index, attributes["env"], rangeOf(c.recipe.Backup.Attributes["env"], c.recipe.Backup.Range))
	diags = append(diags, more...)
	attributes["env"], attributes["restore"] = env, back["command"]
	inPackage(attributes, c.recipe.pkg.Path)
	attributes["sandbox"], more = p.sandbox(c, index)
	diags = append(diags, more...)
	at := p.graph.place(c, index, "backup")
	engine(p.graph.in.Types["backup"], attributes, "backup", at)
	attributes["keep"], attributes["max_age"] = retention(c)
	attributes["scratch"] = cty.StringVal(at.directory + "/tmp")
	v, err := conform(p.graph.in.Types["backup"], attributes)
	if err != nil {
		return cty.NilVal, append(diags, p.misfit(err, c.recipe.Backup.Attributes, c.recipe.Backup.Range)...)
	}
	return v, diags
}
