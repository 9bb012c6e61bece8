package eval

import (
	"maps"
	"path/filepath"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/function"
)

// Pass works out the values of a graph's nodes, each after its needs. It is not safe for concurrent use.
type Pass struct {
	graph   *Graph
	values  []cty.Value     // by node; NilVal while not set
	scopes  []scope         // by component
	pending hcl.Diagnostics // of making scopes, for the node that made them
	id      func(clear string) string
	fixed   map[string]fixedPort // by number
}

// fixedPort is a port with a fixed number, and who has it.
type fixedPort struct {
	of *component
	at hcl.Range
}

// scope is what the expressions of one component's recipe see, made when the first of them is evaluated.
type scope struct {
	ctx       *hcl.EvalContext // roots that are the same for all instances
	env       cty.Value        // what the stack adds to the environment; NilVal until a process asks
	instances []instanceScope
	value     cty.Value // the component as the stack's expressions see it; NilVal until one of them asks
}

// leave drops what only the component's own nodes see. It is made anew should one of them be worked out again.
func (s *scope) leave() { s.ctx, s.instances = nil, nil }

// instanceScope adds what belongs to one instance.
type instanceScope struct {
	ctx   *hcl.EvalContext
	ports []cty.Value // parallel to recipe.ports; unknown while the allocation is
}

// NewPass starts with no value known. id names a clear text by a keyed hash, so that a digest over secrets gives
// nothing away; see vault.Vault.
func (g *Graph) NewPass(id func(clear string) string) *Pass {
	g.scope.meter.Reset(len(g.components))
	return &Pass{graph: g, values: make([]cty.Value, len(g.Nodes)), scopes: make([]scope, len(g.components)), id: id}
}

// Wanted works out the value of a node, all of whose needs are set. For a join it is the final value, which the
// caller need not set. Unknown parts depend on values that were set unknown.
func (p *Pass) Wanted(id int32) (cty.Value, hcl.Diagnostics) {
	n := &p.graph.Nodes[id]
	if n.eval == nil {
		if c := n.component; c != nil && id == c.final && c.recipe.Bind == nil {
			p.scopes[c.number].leave()
		}
		return cty.EmptyObjectVal, nil
	}
	p.graph.scope.meter.Resume()
	v, diags := n.eval(p)
	p.graph.scope.meter.Pause()
	diags = append(diags, p.pending...)
	p.pending = nil
	if id, ok := p.graph.in.Import[n.Addr]; ok && !diags.HasErrors() {
		var more hcl.Diagnostics
		v, more = n.taking(v, id)
		diags = append(diags, more...)
	}
	if n.Type == "" && !diags.HasErrors() {
		p.values[id] = v
	}
	return v, diags
}

// report keeps what is wrong with a scope for the node that made it: the others do not repeat it.
func (p *Pass) report(diags hcl.Diagnostics) { p.pending = append(p.pending, diags...) }

// Set says how a node turned out: the wanted value with its computed attributes, unknown where not known yet.
func (p *Pass) Set(id int32, v cty.Value) {
	if !p.graph.Nodes[id].last {
		p.values[id] = v
	}
}

// get returns the value of a node; unknown if it was not set, as for a node left out by -target.
func (p *Pass) get(id int32) cty.Value {
	if v := p.values[id]; v != cty.NilVal {
		return v
	}
	if t, ok := p.graph.in.Types[p.graph.Nodes[id].Type]; ok {
		return cty.UnknownVal(t.Object())
	}
	return cty.DynamicVal
}

// Value returns the value of a node as it was set; unknown if it was not.
func (p *Pass) Value(id int32) cty.Value { return p.get(id) }

// attribute returns one attribute of a node's value.
func (p *Pass) attribute(id int32, name string) cty.Value {
	v, marks := p.get(id).Unmark()
	if !v.IsKnown() {
		if v.Type().IsObjectType() && v.Type().HasAttribute(name) {
			return cty.UnknownVal(v.Type().AttributeType(name)).WithMarks(marks)
		}
		return cty.DynamicVal.WithMarks(marks)
	}
	return v.GetAttr(name).WithMarks(marks)
}

// InstanceDirectory is where an instance of a component, or a part of it, lives: each slot is a place of its own.
func InstanceDirectory(home, stack string, a addr.Instance) string {
	name := a.Component.Slug() + "." + strconv.Itoa(a.Index)
	if a.Slot != addr.SlotA {
		name += ".b"
	}
	return filepath.Join(home, "stacks", stack, "instances", name)
}

// componentContext makes what is the same for all instances of c. All of c.base's needs are set by then.
func (p *Pass) componentContext(c *component) *hcl.EvalContext {
	s := &p.scopes[c.number]
	if s.ctx != nil {
		return s.ctx
	}
	s.ctx = c.recipe.ctx.NewChild()
	s.ctx.Variables = p.componentRoots(c)
	s.instances = make([]instanceScope, c.instances)
	return s.ctx
}

// componentRoots are those roots of c that its recipe uses.
func (p *Pass) componentRoots(c *component) map[string]cty.Value {
	roots := make(map[string]cty.Value, 4)
	uses := c.recipe.roots
	if uses["component"] {
		roots["component"] = cty.ObjectVal(map[string]cty.Value{
			"name": cty.StringVal(c.addr.Name), "address": cty.StringVal(c.name),
			"instances": cty.NumberIntVal(int64(c.instances - c.backups)), "backups": cty.NumberIntVal(int64(c.backups))})
	}
	if len(c.recipe.Inputs) > 0 {
		roots["input"] = p.inputs(c) // used or not: it has to be valid
	}
	if uses["secret"] {
		roots["secret"] = p.named(c.recipe.secrets, c.secrets, "value")
	}
	if uses["install"] {
		roots["install"] = p.tree(c.recipe.Install, c.recipe.install)
	}
	if uses["binding"] {
		attributes := make(map[string]cty.Value, len(c.bindings))
		for _, b := range c.bindings {
			attributes[b.requirement.Name] = p.get(b.join)
		}
		roots["binding"] = cty.ObjectVal(attributes)
	}
	return roots
}

// instanceContext adds what belongs to one instance: its ports, directories and the recipe's locals.
func (p *Pass) instanceContext(c *component, index int) *hcl.EvalContext {
	parent := p.componentContext(c)
	s := &p.scopes[c.number].instances[index]
	if s.ctx != nil {
		return s.ctx
	}
	s.ports = p.ports(c, index)
	s.ctx = parent.NewChild()
	s.ctx.Variables = make(map[string]cty.Value, 3)
	uses := c.recipe.roots
	if uses["instance"] {
		s.ctx.Variables["instance"] = instanceRoot(c, index)
	}
	if uses["port"] {
		attributes := make(map[string]cty.Value, len(s.ports))
		for i, name := range c.recipe.ports {
			attributes[name] = s.ports[i]
		}
		s.ctx.Variables["port"] = cty.ObjectVal(attributes)
	}
	if uses["local"] {
		locals := map[string]cty.Value{}
		for _, local := range c.recipe.locals {
			s.ctx.Variables["local"] = cty.ObjectVal(locals)
			v, diags := bounded(local.Expr, s.ctx)
			p.report(diags)
			locals[local.Name] = v
		}
		s.ctx.Variables["local"] = cty.ObjectVal(locals)
	}
	return s.ctx
}

func instanceRoot(c *component, index int) cty.Value {
	directory := c.directories[index]
	return cty.ObjectVal(map[string]cty.Value{
		"index":     cty.NumberIntVal(int64(index)),
		"name":      cty.StringVal(c.addr.At(index, "").String()),
		"directory": cty.StringVal(directory),
		"data":      cty.StringVal(directory + "/data"),
		"config":    cty.StringVal(directory + "/config"),
	})
}

// ports are the port numbers of an instance.
func (p *Pass) ports(c *component, index int) []cty.Value {
	allotted := p.attribute(c.allocations[index], "ports")
	numbers := make([]cty.Value, len(c.recipe.ports))
	for i, name := range c.recipe.ports {
		key := cty.StringVal(name)
		if !allotted.IsKnown() || allotted.IsNull() || allotted.HasIndex(key).False() {
			numbers[i] = cty.UnknownVal(cty.Number)
			continue
		}
		numbers[i] = allotted.Index(key)
	}
	return numbers
}

// configureContext adds the resources of the configure block that are settled so far.
func (p *Pass) configureContext(c *component, index int) *hcl.EvalContext {
	parent := p.instanceContext(c, index)
	if !c.recipe.roots["configure"] {
		return parent
	}
	ctx := parent.NewChild()
	ctx.Variables = map[string]cty.Value{"configure": p.tree(c.recipe.Configure, c.configures[index])}
	return ctx
}

func (p *Pass) installContext(r *recipe) *hcl.EvalContext {
	roots := map[string]cty.Value{"package": r.paths, "install": p.tree(r.Install, r.install)}
	ctx := &hcl.EvalContext{Variables: roots, Functions: r.ctx.Functions}
	if len(r.locals) > 0 {
		locals := map[string]cty.Value{}
		for _, local := range r.locals {
			roots["local"] = cty.ObjectVal(locals)
			if v, diags := bounded(local.Expr, ctx); !diags.HasErrors() {
				locals[local.Name] = v // others use what install blocks cannot see, and were refused there when loaded
			}
		}
		roots["local"] = cty.ObjectVal(locals)
	}
	return ctx
}

// bindContext is the implementation's view of one consumer.
func (p *Pass) bindContext(b *binding) *hcl.EvalContext {
	ctx := p.configureContext(b.implementation, 0).NewChild()
	ctx.Variables = map[string]cty.Value{
		"consumer": p.consumer(b),
		"bind":     p.tree(b.implementation.recipe.Bind.Resources, b.resources),
	}
	if b.implementation.backups > 0 {
		ctx.Variables["port"] = p.primaryPorts(b.implementation)
	}
	return ctx
}

// tree is root.TYPE.NAME for the resources of a block.
func (p *Pass) tree(resources []*config.Resource, ids []int32) cty.Value {
	types := map[string]map[string]cty.Value{}
	for i, res := range resources {
		if types[res.Type] == nil {
			types[res.Type] = map[string]cty.Value{}
		}
		types[res.Type][res.Name] = p.get(ids[i])
	}
	attributes := make(map[string]cty.Value, len(types))
	for typ, byName := range types {
		attributes[typ] = cty.ObjectVal(byName)
	}
	return cty.ObjectVal(attributes)
}

// named is an object of one attribute of each node.
func (p *Pass) named(names []string, ids []int32, attribute string) cty.Value {
	attributes := make(map[string]cty.Value, len(names))
	for i, name := range names {
		attributes[name] = p.attribute(ids[i], attribute)
	}
	return cty.ObjectVal(attributes)
}

// inputs settles the inputs of c from the stack file and the recipe's defaults.
func (p *Pass) inputs(c *component) cty.Value {
	var given map[string]*config.Assignment
	var ctx *hcl.EvalContext
	if c.block != nil && len(c.block.Inputs) > 0 {
		given = c.block.Inputs
		exprs := make([]hcl.Expression, 0, len(given))
		for _, a := range given {
			exprs = append(exprs, a.Expr)
		}
		var diags hcl.Diagnostics
		ctx, diags = p.graph.scope.context(c.each, p.roots(c.references), exprs...)
		p.report(diags)
	}
	values := make(map[string]cty.Value, len(c.recipe.Inputs))
	for name, declared := range c.recipe.Inputs {
		values[name] = p.input(declared, given[name], ctx)
	}
	return cty.ObjectVal(values)
}

// input settles one input; given is nil for its default.
func (p *Pass) input(declared *config.Variable, given *config.Assignment, ctx *hcl.EvalContext) cty.Value {
	value, at := declared.Default, declared.Range
	if given != nil {
		v, diags := given.Expr.Value(ctx)
		p.report(diags)
		if diags.HasErrors() {
			return cty.UnknownVal(declared.Type)
		}
		value, at = v, given.Expr.Range()
	}
	v, diags := settle(declared, value, at, "input", p.graph.scope.base.Functions)
	p.report(diags)
	return v
}

// roots are the roots app and middleware with just the referenced components.
func (p *Pass) roots(refs []reference) map[string]map[string]cty.Value {
	roots := map[string]map[string]cty.Value{}
	for _, ref := range refs {
		kind := ref.block.Kind.String()
		if roots[kind] == nil {
			roots[kind] = map[string]cty.Value{}
		}
		roots[kind][ref.block.Name] = p.block(p.graph.byBlock[ref.block])
	}
	return roots
}

// block is a block as expressions see it: the component, a map by each.key, or a list by count.index.
func (p *Pass) block(components []*component) cty.Value {
	if len(components) == 1 && components[0].addr.Key == "" {
		return p.component(components[0])
	}
	if len(components) > 0 && components[0].block.Count != nil {
		elements := make([]cty.Value, len(components))
		for i, c := range components {
			elements[i] = p.component(c)
		}
		return cty.TupleVal(elements)
	}
	byKey := map[string]cty.Value{}
	for _, c := range components {
		key, _ := strconv.Unquote(c.addr.Key)
		byKey[key] = p.component(c)
	}
	return cty.ObjectVal(byKey)
}

// Outputs works out the outputs of the stack after all nodes.
func (p *Pass) Outputs() (map[string]Output, hcl.Diagnostics) {
	p.graph.scope.meter.Resume()
	defer p.graph.scope.meter.Pause()
	outputs := map[string]Output{}
	var diags hcl.Diagnostics
	for _, o := range p.graph.outputs {
		var refs []reference
		for _, ref := range p.graph.scope.references(o.Value) {
			refs = append(refs, reference{block: ref.Component.Block()})
		}
		ctx, more := p.graph.scope.context(nil, p.roots(refs), o.Value)
		diags = append(diags, more...)
		v, more := o.Value.Value(ctx)
		diags = append(diags, more...)
		if more.HasErrors() {
			continue
		}
		if o.Sensitive {
			v = v.Mark(function.Sensitive)
		}
		outputs[o.Name] = Output{Value: v, Sensitive: o.Sensitive, Description: o.Description}
	}
	return outputs, diags
}

// Output is the value of an output.
type Output struct {
	Value       cty.Value // marked where it holds secrets
	Sensitive   bool      // declared so
	Description string
}

// withRoots adds roots to a context without changing it.
func withRoots(ctx *hcl.EvalContext, roots map[string]cty.Value) *hcl.EvalContext {
	child := ctx.NewChild()
	child.Variables = maps.Clone(roots)
	return child
}
