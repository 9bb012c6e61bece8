package eval

import (
	"maps"
	"path/filepath"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/function"
)

// Pass works out the values of a graph's nodes, each after its needs. It is not safe for concurrent use.
type Pass struct {
	graph  *Graph
	values []cty.Value // by node; NilVal while not set
	scopes []scope     // by component
	id     func(clear string) string
}

// scope is what the expressions of one component's recipe see, made when the first of them is evaluated.
type scope struct {
	ctx       *hcl.EvalContext // roots that are the same for all instances
	diags     hcl.Diagnostics  // of making it; told once
	instances []*hcl.EvalContext
}

// NewPass starts with no value known. id names a clear text by a keyed hash, so that a digest over secrets gives
// nothing away; see vault.Vault.
func (g *Graph) NewPass(id func(clear string) string) *Pass {
	return &Pass{graph: g, values: make([]cty.Value, len(g.Nodes)), scopes: make([]scope, len(g.components)), id: id}
}

// Wanted works out the value of a node, all of whose needs are set. For a join it is the final value, which the
// caller need not set. Unknown parts depend on values that were set unknown.
func (p *Pass) Wanted(id int32) (cty.Value, hcl.Diagnostics) {
	n := &p.graph.Nodes[id]
	if n.eval == nil {
		return cty.EmptyObjectVal, nil
	}
	v, diags := n.eval(p)
	if n.Type == "" && !diags.HasErrors() {
		p.values[id] = v
	}
	return v, diags
}

// Set says how a node turned out: the wanted value with its computed attributes, unknown where not known yet.
func (p *Pass) Set(id int32, v cty.Value) { p.values[id] = v }

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

func (g *Graph) directory(c *component, index int) string {
	return InstanceDirectory(g.in.Home, g.in.Stack.Name, c.addr.Slug(), index)
}

// InstanceDirectory is where an instance of a component lives.
func InstanceDirectory(home, stack, slug string, index int) string {
	return filepath.Join(home, "stacks", stack, "instances", slug+"."+strconv.Itoa(index))
}

// componentContext makes what is the same for all instances of c. All of c.base's needs are set by then.
func (p *Pass) componentContext(c *component) (*hcl.EvalContext, hcl.Diagnostics) {
	s := &p.scopes[c.number]
	if s.ctx != nil {
		return s.ctx, nil
	}
	roots := map[string]cty.Value{
		"stack":     p.graph.scope.roots["stack"],
		"component": cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(c.addr.Name), "address": cty.StringVal(c.addr.String())}),
		"package":   c.recipe.paths,
		"agent":     cty.ObjectVal(map[string]cty.Value{"executable": cty.StringVal(p.graph.in.Program)}),
	}
	uses := c.recipe.roots
	var diags hcl.Diagnostics
	if len(c.recipe.Inputs) > 0 {
		roots["input"], diags = p.inputs(c)
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
	s.ctx = &hcl.EvalContext{Variables: roots, Functions: function.All()}
	s.instances = make([]*hcl.EvalContext, c.instances)
	return s.ctx, diags
}

// instanceContext adds what belongs to one instance: its ports, directories and the recipe's locals.
func (p *Pass) instanceContext(c *component, index int) (*hcl.EvalContext, hcl.Diagnostics) {
	parent, diags := p.componentContext(c)
	if ctx := p.scopes[c.number].instances[index]; ctx != nil {
		return ctx, diags
	}
	directory := p.graph.directory(c, index)
	ctx := parent.NewChild()
	ctx.Variables = map[string]cty.Value{
		"instance": cty.ObjectVal(map[string]cty.Value{
			"index":     cty.NumberIntVal(int64(index)),
			"name":      cty.StringVal(c.addr.At(index, "").String()),
			"directory": cty.StringVal(directory),
			"data":      cty.StringVal(filepath.Join(directory, "data")),
			"config":    cty.StringVal(filepath.Join(directory, "config")),
		}),
	}
	if c.recipe.roots["port"] {
		ctx.Variables["port"] = p.ports(c, index)
	}
	if c.recipe.roots["local"] {
		locals := map[string]cty.Value{}
		for _, local := range inOrder(c.recipe.Locals) {
			ctx.Variables["local"] = cty.ObjectVal(locals)
			v, more := bounded(local.Expr, ctx)
			diags = append(diags, more...)
			locals[local.Name] = v
		}
		ctx.Variables["local"] = cty.ObjectVal(locals)
	}
	p.scopes[c.number].instances[index] = ctx
	return ctx, diags
}

// ports is the root "port" of an instance: its port numbers by name.
func (p *Pass) ports(c *component, index int) cty.Value {
	allotted := p.attribute(c.allocations[index], "ports")
	attributes := make(map[string]cty.Value, len(c.recipe.ports))
	for _, name := range c.recipe.ports {
		key := cty.StringVal(name)
		if !allotted.IsKnown() || allotted.IsNull() || allotted.HasIndex(key).False() {
			attributes[name] = cty.UnknownVal(cty.Number)
			continue
		}
		attributes[name] = allotted.Index(key)
	}
	return cty.ObjectVal(attributes)
}

// configureContext adds the resources of the configure block that are settled so far.
func (p *Pass) configureContext(c *component, index int) *hcl.EvalContext {
	parent, diags := p.instanceContext(c, index)
	p.scopes[c.number].diags = append(p.scopes[c.number].diags, diags...)
	if !c.recipe.roots["configure"] {
		return parent
	}
	ctx := parent.NewChild()
	ctx.Variables = map[string]cty.Value{"configure": p.tree(c.recipe.Configure, c.configures[index])}
	return ctx
}

func (p *Pass) installContext(r *recipe) *hcl.EvalContext {
	roots := map[string]cty.Value{"package": r.paths, "install": p.tree(r.Install, r.install)}
	ctx := &hcl.EvalContext{Variables: roots, Functions: function.All()}
	if len(r.Locals) > 0 {
		locals := map[string]cty.Value{}
		for _, local := range inOrder(r.Locals) {
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
	parent, diags := p.instanceContext(b.implementation, 0)
	p.scopes[b.implementation.number].diags = append(p.scopes[b.implementation.number].diags, diags...)
	ctx := parent.NewChild()
	ctx.Variables = map[string]cty.Value{
		"consumer": p.consumer(b),
		"bind":     p.tree(b.implementation.recipe.Bind.Resources, b.resources),
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
func (p *Pass) inputs(c *component) (cty.Value, hcl.Diagnostics) {
	values := make(map[string]cty.Value, len(c.recipe.Inputs))
	var diags hcl.Diagnostics
	var exprs []hcl.Expression
	if c.block != nil {
		for _, a := range c.block.Inputs {
			exprs = append(exprs, a.Expr)
		}
	}
	var ctx *hcl.EvalContext
	if exprs != nil {
		ctx, diags = p.graph.scope.context(c.each, p.roots(c.references), exprs...)
	}
	for name, declared := range c.recipe.Inputs {
		value, at := declared.Default, declared.Range
		if c.block != nil && c.block.Inputs[name] != nil {
			a := c.block.Inputs[name]
			v, more := a.Expr.Value(ctx)
			diags = append(diags, more...)
			if more.HasErrors() {
				values[name] = cty.UnknownVal(declared.Type)
				continue
			}
			value, at = v, a.Expr.Range()
		}
		v, more := settle(declared, value, at, "input")
		diags = append(diags, more...)
		values[name] = v
	}
	return cty.ObjectVal(values), diags
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
		return p.get(components[0].final)
	}
	if len(components) > 0 && components[0].block.Count != nil {
		elements := make([]cty.Value, len(components))
		for i, c := range components {
			elements[i] = p.get(c.final)
		}
		return cty.TupleVal(elements)
	}
	byKey := map[string]cty.Value{}
	for _, c := range components {
		key, _ := strconv.Unquote(c.addr.Key)
		byKey[key] = p.get(c.final)
	}
	return cty.ObjectVal(byKey)
}

// Outputs works out the outputs of the stack after all nodes.
func (p *Pass) Outputs() (map[string]Output, hcl.Diagnostics) {
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
