package eval

import (
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/config"
)

// backups settles how many instances c has beyond those that do the work. Without any that do there is nothing to take over.
func (b *builder) backups(c *component) {
	if c.block.Backups == nil {
		return
	}
	n, diags := b.scope.whole(c.block.Backups, c.each, "backups", 0, 1000)
	b.diags = append(b.diags, diags...)
	at := c.block.Backups.Range()
	switch {
	case n == 0 || c.instances == 0:
		return
	case b.in.Stack.Executor != nil:
		b.diags = append(b.diags, fail(at, "Backups elsewhere", "The agent itself decides when a backup takes over, and the processes of this stack are run by %s. Take backups or the executor away.",
			b.in.Stack.Executor.Name)...)
	case len(c.recipe.Processes) == 0:
		b.diags = append(b.diags, fail(at, "Nothing to back up", "%s has no process, so there is nothing that could take over.", c.addr)...)
	}
	c.backups = n
	c.instances += n
}

// onlyOne refuses several instances, all of which serve, of what makes something for each consumer: that is in one of them, and
// its consumer gets to any.
func (b *builder) onlyOne(c *component) {
	if c.instances < 2 || c.recipe.Bind == nil || len(c.recipe.Bind.Resources) == 0 {
		return
	}
	at, way := c.block.Range, "Have one instance."
	if c.block.Instances != nil {
		at = c.block.Instances.Range()
	}
	if c.recipe.Promote != nil {
		way = "Have one instance, and others that follow it and take over with backups = " + strconv.Itoa(c.instances-1) + "."
	}
	made := c.recipe.Bind.Resources[0]
	b.diags = append(b.diags, fail(at, "Only one can serve", "What %s makes for each of its consumers, such as %s %q, is in one instance, and the consumers of %d instances get to any of them. %s",
		c.addr, made.Type, made.Name, c.instances, way)...)
}

// Backups is how many of the instances are backups of the component that a node belongs to.
func (g *Graph) Backups(id int32) int {
	if c := g.Nodes[id].component; c != nil {
		return c.backups
	}
	return 0
}

// recreateInTurn is how instances with roles are updated, whatever their recipe would like.
func (b *builder) recreateInTurn(c *component) {
	const why = "it has backups, and one instance cannot be primary and backup at a time"
	if u := c.written(); u != nil && u.Strategy != "" && u.Strategy != config.Recreate {
		b.diags = append(b.diags, fail(c.updateRange, "Cannot run twice", "strategy = %q starts the new version of an instance beside the old one. %s cannot do that: %s. Its instances are updated one after another, and the backups take over meanwhile.",
			u.Strategy, c.addr, why)...)
	}
	c.update.Strategy, c.update.Said, c.update.Why, c.update.Canary = config.Recreate, false, why, 0
}

// roles is what the executor has to know of a process whose instance may be a primary or a backup; null without backups.
func (p *Pass) roles(c *component, process *config.Process, main bool, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	ty := p.graph.in.Types["instance"].Attributes["roles"].Type
	if c.backups == 0 {
		return cty.NullVal(ty), nil
	}
	// What is reached through its port gets nothing to do while it is a backup. Anything else looks for work by itself, and
	// would do it twice.
	cold := !main || len(c.recipe.served) == 0
	if process.Standby != "" {
		cold = process.Standby == "cold"
	}
	attributes := map[string]cty.Value{
		"primaries": cty.NumberIntVal(int64(c.instances - c.backups)),
		"cold":      cty.BoolVal(cold),
		"promote":   cty.NullVal(cty.List(cty.String)),
		"timeout":   cty.NullVal(cty.String),
	}
	if !main || c.recipe.Promote == nil {
		return cty.ObjectVal(attributes), nil
	}
	said, diags := evaluate(c.recipe.Promote.Attributes, ctx)
	diags = append(diags, programs(c.recipe.Promote.Attributes, said, "command")...)
	if diags.HasErrors() {
		return cty.NullVal(ty), diags
	}
	attributes["promote"] = said["command"]
	if v, ok := said["timeout"]; ok {
		attributes["timeout"] = v
	}
	v, err := convert.Convert(cty.ObjectVal(attributes), ty)
	if err != nil {
		return cty.NullVal(ty), append(diags, fail(c.recipe.Promote.Range, "Value does not fit", "promote: %s.", err)...)
	}
	return v, diags
}

// roleEnvironment adds where a process finds its role, and the ports by which the primary is reached.
func (p *Pass) roleEnvironment(c *component, index int, env map[string]cty.Value) {
	env["RECIPE_ROLE_FILE"] = cty.StringVal(c.directories[index] + "/role")
	for name, port := range valuesOf(p.primaryPorts(c)) {
		number, err := convert.Convert(port, cty.String)
		if err != nil || !slices.Contains(c.recipe.served, name) {
			continue
		}
		env["PRIMARY_PORT_"+variableName(name)] = number
		if name == "web" || len(c.recipe.ports) == 1 {
			env["PRIMARY_PORT"] = number
		}
	}
}

// primaryPorts are the ports of c as they lead to whoever is primary: those of its endpoints. Ports that are not served stay
// those of the first instance.
func (p *Pass) primaryPorts(c *component) cty.Value {
	ports := make(map[string]cty.Value, len(c.recipe.ports))
	for i, v := range p.scopes[c.number].instances[0].ports {
		ports[c.recipe.ports[i]] = v
	}
	served := map[string]cty.Value{}
	for i, name := range c.recipe.served {
		served[name] = p.attribute(c.endpoints[i], "port")
	}
	maps.Copy(ports, served)
	return cty.ObjectVal(ports)
}
