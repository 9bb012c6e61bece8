package eval

import (
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/config"
)

// nodes makes the nodes of all components. Joins come first, so that others can name them.
func (b *builder) nodes() {
	b.Nodes, b.byAddr = make([]Desired, 0, b.count()), sync.OnceValue(b.Graph.index)
	for _, r := range b.usedRecipes() {
		b.checkRecipe(r)
		b.installNodes(r)
	}
	for _, c := range b.components {
		b.owner = c
		c.base = b.node(c.addr.Of("base"), "", nil, b.header(c), nil)
		c.final = b.node(c.addr.Of(""), "", nil, b.header(c), nil)
	}
	for _, c := range b.components {
		b.owner = c
		b.componentNodes(c)
	}
	b.order()
}

// count is how many nodes there will be.
func (b *builder) count() int {
	n := 0
	for _, r := range b.all {
		n += len(r.Install)
	}
	for _, c := range b.components {
		r := c.recipe
		n += 2 + len(r.secrets) + len(r.served) + len(c.routes) + c.instances*(1+len(r.Configure)+len(r.Steps)+len(r.Processes))
		if r.Backup != nil {
			n += c.instances
		}
		for _, bind := range c.bindings {
			n += 3
			if bound := bind.implementation.recipe.Bind; bound != nil {
				n += len(bound.Resources)
			}
		}
	}
	return n
}

func (b *builder) usedRecipes() []*recipe {
	var used []*recipe
	for _, c := range b.components {
		if !slices.Contains(used, c.recipe) {
			used = append(used, c.recipe)
		}
	}
	return used
}

func (b *builder) header(c *component) hcl.Range {
	if c.block != nil {
		return c.block.Range
	}
	return c.recipe.NameRange
}

func (b *builder) node(a addr.Instance, typ string, needs []int32, at hcl.Range, eval evaluator) int32 {
	id := int32(len(b.Nodes))
	b.Nodes = append(b.Nodes, Desired{Addr: a, Type: typ, Needs: needs, Range: at, eval: eval, component: b.owner})
	return id
}

func (b *builder) installNodes(r *recipe) {
	r.install = make([]int32, len(r.Install))
	for i, res := range r.Install {
		r.install[i] = b.node(r.addr.Of("install."+res.Type+"."+res.Name), res.Type, nil, res.Range, nil)
	}
	for i, res := range r.Install {
		n := &b.Nodes[r.install[i]]
		n.written, n.Needs = &written{res, r.Recipe}, siblings(res.Attributes, "install", r.Install, r.install, i)
		n.eval = func(p *Pass) (cty.Value, hcl.Diagnostics) {
			return p.resource(res, p.installContext(r), place{pkg: &r.pkg})
		}
	}
}

// siblings lists the nodes of the resources of one block that attributes name.
func siblings(attributes map[string]*hcl.Attribute, root string, all []*config.Resource, ids []int32, self int) []int32 {
	var needs []int32
	used := resourcesUsed(attributes, root)
	if len(used) == 0 {
		return nil
	}
	for i, res := range all {
		if i != self && used[[2]string{res.Type, res.Name}] {
			needs = append(needs, ids[i])
		}
	}
	return needs
}

func (b *builder) componentNodes(c *component) {
	base := slices.Clone(c.recipe.install)
	for _, name := range c.recipe.secrets {
		id := b.node(c.addr.Of("secret."+name), "secret", nil, c.recipe.Secrets[name].Range, p0(b.secretValue(c.recipe.Secrets[name].Length)))
		c.secrets = append(c.secrets, id)
	}
	base = append(base, c.secrets...)
	for _, port := range c.recipe.served {
		c.endpoints = append(c.endpoints, b.node(c.addr.Of("endpoint."+port), "endpoint", nil, c.recipe.Ports[port].Range, p0(b.endpointValue(c, port))))
	}
	b.routeNodes(c)
	for _, bind := range c.bindings {
		b.bindingNodes(c, bind)
		base = append(base, bind.join)
	}
	for _, d := range c.needs {
		base = append(base, d.on.final)
	}
	b.Nodes[c.base].Needs = base
	final := slices.Clone(c.endpoints)
	for _, r := range c.routes {
		final = append(final, r.node)
	}
	c.configures = make([][]int32, c.instances)
	for i := range c.instances {
		final = append(final, b.instanceNodes(c, i)...)
	}
	if len(final) == 0 {
		final = append(final, c.base)
	}
	b.Nodes[c.final].Needs = final
	b.Nodes[c.final].Why = c.added
}

// p0 is an evaluator whose value needs no pass.
func p0(v cty.Value) evaluator {
	return func(*Pass) (cty.Value, hcl.Diagnostics) { return v, nil }
}

// slotted is node for what an instance has twice while it is updated.
func (b *builder) slotted(a addr.Instance, typ string, needs []int32, at hcl.Range, eval evaluator) int32 {
	id := b.node(a, typ, needs, at, eval)
	b.Nodes[id].slotted = true
	return id
}

// instanceNodes makes the nodes of one instance and returns those that its component waits for.
func (b *builder) instanceNodes(c *component, index int) (last []int32) {
	r := c.recipe
	var needs []int32
	if slices.ContainsFunc(r.ports, func(name string) bool { return b.portNumber(c, name) != nil }) {
		needs = []int32{c.base} // a port's number may depend on an input
	}
	allocation := b.slotted(c.at(index, ""), "allocation", needs, b.header(c), func(p *Pass) (cty.Value, hcl.Diagnostics) { return p.allocation(c, index) })
	c.allocations = append(c.allocations, allocation)

	ids := make([]int32, len(r.Configure))
	for i, res := range r.Configure {
		ids[i] = b.slotted(c.at(index, "configure."+res.Type+"."+res.Name), res.Type, nil, res.Range,
			func(p *Pass) (cty.Value, hcl.Diagnostics) {
				return p.resource(res, p.configureContext(c, index), b.place(c, index, "configure."+res.Type+"."+res.Name))
			})
	}
	for i, res := range r.Configure {
		b.Nodes[ids[i]].written = &written{res, r.Recipe}
		b.Nodes[ids[i]].Needs = append(siblings(res.Attributes, "configure", r.Configure, ids, i), c.base, allocation)
	}
	c.configures[index] = ids

	before := append(slices.Clone(ids), c.base, allocation)
	if c.backups > 0 {
		before = append(before, c.endpoints...) // by which a backup finds the primary
	}
	if r.Backup != nil {
		b.slotted(c.at(index, "backup"), "backup", before, r.Backup.Range, func(p *Pass) (cty.Value, hcl.Diagnostics) { return p.backup(c, index) })
	}
	before = b.steps(c, index, before)
	if len(r.Processes) == 0 {
		return before
	}
	for _, process := range r.Processes {
		value := func(p *Pass) (cty.Value, hcl.Diagnostics) { return p.process(c, index, process) }
		var id int32
		switch {
		case process.Schedule == nil:
			id = b.slotted(c.at(index, "process."+process.Name), "instance", before, process.Range, value)
		case index == 0: // it is the component's work, and not that of each instance
			id = b.node(c.addr.At(index, "process."+process.Name), "schedule", before, process.Range, value)
		default:
			continue
		}
		b.Nodes[id].last = true
		last = append(last, id)
	}
	if len(last) == 0 { // all its processes are scheduled, and run in the first instance
		return before
	}
	return last
}

// place says where the files of an instance's resources go.
func (g *Graph) place(c *component, index int, part string) place {
	directory := c.directories[index]
	return place{pkg: &c.recipe.pkg, directory: directory, owner: g.in.Owner, state: directory + "/state/" + part, component: c, index: index}
}

// steps are those of an instance, one after another, and after those of the instance before: a migration of a database does not bear
// itself beside it. Instances with backups are changed from the highest on, and their steps go each by itself. It returns what comes after them.
func (b *builder) steps(c *component, index int, before []int32) []int32 {
	if len(c.recipe.Steps) > 0 && index > 0 && c.backups == 0 {
		before = append(slices.Clip(before), c.stepped)
	}
	for _, step := range c.recipe.Steps {
		id := b.node(c.addr.At(index, "step."+step.Name), "command", before, step.Range,
			func(p *Pass) (cty.Value, hcl.Diagnostics) { return p.step(c, index, step) })
		before, c.stepped = []int32{id}, id
	}
	return before
}

// stepPlace is place for a step. It runs once for both slots, so what it remembers lies in neither.
func (g *Graph) stepPlace(c *component, index int, part string) place {
	at := g.place(c, index, part)
	at.state = InstanceDirectory(g.in.Home, g.in.Stack.Name, c.addr.At(index, "")) + ".steps/" + part
	return at
}

// bindingNodes makes the nodes of one requirement of c.
func (b *builder) bindingNodes(c *component, bind *binding) {
	part := "bind." + bind.requirement.Name
	impl := bind.implementation
	var needs []int32
	if bind.provided != nil && bind.provided.Port != "" {
		bind.endpoint = b.node(c.addr.Of(part+".endpoint"), "endpoint", nil, bind.requirement.Range, p0(b.endpointValue(impl, bind.provided.Port)))
		needs = append(needs, bind.endpoint)
	}
	if impl.recipe.Bind != nil {
		bind.secret = b.node(c.addr.Of(part+".secret"), "secret", nil, bind.requirement.Range, p0(b.secretValue(0)))
		needs = append(needs, bind.secret)
		needs = append(needs, impl.final)
		for _, res := range impl.recipe.Bind.Resources {
			bind.resources = append(bind.resources, b.node(c.addr.Of(part+"."+res.Type+"."+res.Name), res.Type, slices.Clone(needs), res.Range,
				func(p *Pass) (cty.Value, hcl.Diagnostics) {
					return p.resource(res, p.bindContext(bind), b.place(impl, 0, "bind."+c.addr.Slug()+"."+bind.requirement.Name+"."+res.Name))
				}))
		}
		for i, res := range impl.recipe.Bind.Resources {
			n := &b.Nodes[bind.resources[i]]
			n.written = &written{res, impl.recipe.Recipe}
			n.Needs = append(n.Needs, siblings(res.Attributes, "bind", impl.recipe.Bind.Resources, bind.resources, i)...)
		}
		needs = append(needs, bind.resources...)
	} else {
		needs = append(needs, impl.final)
	}
	bind.join = b.node(c.addr.Of(part), "", needs, bind.requirement.Range, func(p *Pass) (cty.Value, hcl.Diagnostics) { return p.binding(bind) })
}

func (b *builder) secretValue(length int) cty.Value {
	attributes := map[string]cty.Value{}
	if length > 0 {
		attributes["length"] = cty.NumberIntVal(int64(length))
	}
	return b.whole("secret", attributes)
}

func (b *builder) endpointValue(c *component, port string) cty.Value {
	attributes := map[string]cty.Value{"component": cty.StringVal(c.name), "target": cty.StringVal(port)}
	return b.whole("endpoint", attributes)
}

// whole makes a value of a type that the engine itself asks for; its attributes are right by construction.
func (g *Graph) whole(typ string, attributes map[string]cty.Value) cty.Value {
	v, err := conform(g.in.Types[typ], attributes)
	if err != nil {
		panic(fmt.Sprintf("internal error: %s: %s", typ, err))
	}
	return v
}
