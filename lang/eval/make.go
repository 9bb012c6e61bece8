package eval

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/planner/dag"
	"github.com/nsynapse/recipe/planner/solve"
)

// Make works out what shapes the graph. With errors the graph is nil.
func Make(ctx context.Context, in Input) (*Graph, hcl.Diagnostics) {
	b := builder{
		second:   map[addr.Instance]bool{},
		Graph:    &Graph{in: in, byBlock: map[addr.Component][]*component{}},
		locked:   map[addr.Component]*solve.Component{},
		bindings: map[addr.Component][]*solve.Binding{}, configured: map[*config.Provider]bool{},
		places: map[string]*route{},
	}
	for _, a := range in.Second {
		b.second[a] = true
	}
	var diags hcl.Diagnostics
	b.scope, diags = newStackScope(in.Stack, in.Variables)
	b.diags = append(b.diags, diags...)
	b.lock()
	b.recipes()
	b.expand()
	for _, c := range b.components {
		if ctx.Err() != nil {
			return nil, append(b.diags, fail(in.Stack.Range, "Interrupted", "%s.", ctx.Err())...)
		}
		b.connect(c)
	}
	if b.diags.HasErrors() {
		return nil, b.diags
	}
	b.nodes()
	b.outputs = make([]*config.Output, 0, len(in.Stack.Outputs))
	for _, name := range slices.Sorted(maps.Keys(in.Stack.Outputs)) {
		b.outputs = append(b.outputs, in.Stack.Outputs[name])
	}
	if b.diags.HasErrors() {
		return nil, b.diags
	}
	return b.Graph, b.diags
}

type builder struct {
	*Graph
	all      []*recipe // parallel to Lock.Packages
	locked   map[addr.Component]*solve.Component
	bindings map[addr.Component][]*solve.Binding
	second   map[addr.Instance]bool
	owner    *component        // of the nodes that are made now
	places   map[string]*route // routes by host and path
	diags    hcl.Diagnostics

	configured map[*config.Provider]bool // whose configuration was checked
}

func (b *builder) lock() {
	for i := range b.in.Lock.Components {
		c := &b.in.Lock.Components[i]
		b.locked[c.Component] = c
	}
	for i := range b.in.Lock.Bindings {
		binding := &b.in.Lock.Bindings[i]
		b.bindings[binding.Consumer] = append(b.bindings[binding.Consumer], binding)
	}
}

func (b *builder) recipes() {
	b.all = make([]*recipe, len(b.in.Packages))
	for i, p := range b.in.Packages {
		b.all[i] = newRecipe(p)
	}
	// Paths of other packages are only known when all are at hand.
	for i, r := range b.all {
		r.paths = b.packageRoot(i)
		r.ctx = b.recipeContext(r)
	}
	b.checkContracts()
}

func newRecipe(p Package) *recipe {
	r := &recipe{Recipe: p.Recipe, pkg: p, roots: map[string]bool{}}
	r.addr = addr.Component{Kind: addr.Package, Name: r.Name, Key: addr.StringKey(r.Version.String())}
	r.secrets, r.ports = slices.Sorted(maps.Keys(r.Secrets)), slices.Sorted(maps.Keys(r.Ports))
	for _, e := range r.expressions() {
		for _, t := range e.Variables() {
			r.roots[t.RootName()] = true
		}
	}
	r.locals = inOrder(r.Locals)
	for _, p := range r.Processes {
		r.stops = append(r.stops, stopValue(p.Stop, r.Stop))
	}
	for _, name := range r.ports {
		web := name == "web" && len(r.Processes) > 0
		for _, p := range r.Provides {
			web = web || p.Port == name
		}
		if web {
			r.served = append(r.served, name)
		}
	}
	return r
}

// recipeContext is what the expressions of all components of a recipe see.
func (b *builder) recipeContext(r *recipe) *hcl.EvalContext {
	return &hcl.EvalContext{Functions: b.scope.base.Functions, Variables: map[string]cty.Value{
		"stack":   b.scope.base.Variables["stack"],
		"package": r.paths,
		"agent":   cty.ObjectVal(map[string]cty.Value{"executable": cty.StringVal(b.in.Program)}),
	}}
}

// packageRoot is what recipes see as `package`: their own name, version and path, and the paths of what they depend on.
func (b *builder) packageRoot(at int) cty.Value {
	r := b.all[at]
	attributes := map[string]cty.Value{
		"name":    cty.StringVal(r.Name),
		"version": cty.StringVal(r.Version.String()),
		"path":    cty.StringVal(r.pkg.Path),
	}
	for name := range r.Depends {
		for i, p := range b.in.Lock.Packages {
			if p.Name == name {
				attributes[name] = cty.ObjectVal(map[string]cty.Value{
					"name": cty.StringVal(name), "version": cty.StringVal(p.Version), "path": cty.StringVal(b.in.Packages[i].Path)})
			}
		}
	}
	return cty.ObjectVal(attributes)
}

// expand makes the components of each block and of what the lock added.
func (b *builder) expand() {
	for _, block := range b.in.Stack.Components {
		locked := b.locked[block.Block]
		if locked == nil {
			continue // the solver has said why
		}
		elements, diags := b.scope.elements(block)
		b.diags = append(b.diags, diags...)
		for _, e := range elements {
			c := &component{addr: block.Block, block: block, recipe: b.all[locked.Package], each: e.each, instances: 1}
			c.addr.Key = e.key
			if block.Instances != nil {
				n, diags := b.scope.whole(block.Instances, e.each, "instances", 0, 1000)
				b.diags = append(b.diags, diags...)
				c.instances = n
			}
			if n, ok := b.in.Scale[c.addr]; ok {
				c.instances = n
			}
			b.onlyOne(c)
			b.backups(c)
			b.add(c)
		}
	}
	for i := range b.in.Lock.Components {
		if locked := &b.in.Lock.Components[i]; locked.Added != "" {
			b.add(&component{addr: locked.Component, recipe: b.all[locked.Package], instances: 1, added: locked.Added})
		}
	}
}

func (b *builder) add(c *component) {
	c.number, c.name = len(b.components), c.addr.String()
	c.directories = make([]string, c.instances)
	c.slots = make([]addr.Slot, c.instances)
	for i := range c.directories {
		if b.second[c.addr.At(i, "").In(addr.SlotB)] {
			c.slots[i] = addr.SlotB
		}
		c.directories[i] = InstanceDirectory(b.in.Home, b.in.Stack.Name, c.at(i, ""))
	}
	b.components = append(b.components, c)
	block := c.addr.Block()
	b.byBlock[block] = append(b.byBlock[block], c)
	if c.block != nil {
		b.checkInputs(c)
		b.checkPorts(c)
		b.routes(c)
	} else {
		b.checkRequiredInputs(c, b.in.Stack.Range)
	}
	b.settleUpdate(c)
	b.checkRetention(c)
}

// connect settles which other components c needs: bindings, references and depends_on.
func (b *builder) connect(c *component) {
	for _, locked := range b.bindings[c.addr.Block()] {
		b.bind(c, locked)
	}
	slices.SortFunc(c.bindings, func(x, y *binding) int { return strings.Compare(x.requirement.Name, y.requirement.Name) })
	if c.block == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.block.Inputs)) {
		b.refer(c, c.block.Inputs[name].Expr)
	}
	if c.block.Env != nil {
		b.refer(c, c.block.Env)
	}
	for _, ref := range c.block.DependsOn {
		b.depend(c, b.lookup(ref), ref.Range)
	}
}

// refer makes c need what an expression of its block names.
func (b *builder) refer(c *component, expr hcl.Expression) {
	for _, ref := range b.scope.references(expr) {
		targets := b.lookup(ref)
		c.references = append(c.references, reference{block: ref.Component.Block(), components: targets})
		b.depend(c, targets, ref.Range)
	}
}

// reference is what an input or a variable of the environment names: the components of one block, one or all of them.
type reference struct {
	block      addr.Component
	components []*component
}

func (b *builder) lookup(ref config.Reference) []*component {
	all := b.byBlock[ref.Component.Block()]
	if ref.Component.Key == "" {
		return all
	}
	for _, c := range all {
		if c.addr == ref.Component {
			return []*component{c}
		}
	}
	var keys []string
	for _, c := range all {
		keys = append(keys, c.addr.String())
	}
	b.diags = append(b.diags, fail(ref.Range, "No such component", "There is no %s; there is %s.", ref.Component, strings.Join(keys, ", "))...)
	return nil
}

func (b *builder) depend(c *component, on []*component, at hcl.Range) {
	for _, other := range on {
		if other == c {
			b.diags = append(b.diags, fail(at, "Component needs itself", "%s cannot refer to itself.", c.addr)...)
			continue
		}
		if !slices.ContainsFunc(c.needs, func(d dependency) bool { return d.on == other }) {
			c.needs = append(c.needs, dependency{on: other, at: at})
		}
	}
}

func (b *builder) bind(c *component, locked *solve.Binding) {
	requirement := c.recipe.Requirements[locked.Requirement]
	at := requirement.Range
	implementations := b.byBlock[locked.Implementation]
	if c.block != nil {
		if bind := c.block.Binds[locked.Requirement]; bind != nil {
			at = bind.Range
			implementations = b.explicit(c, bind, implementations)
		}
	}
	if len(implementations) > 1 {
		b.diags = append(b.diags, fail(at, "Several implementations", "%s needs %s, and %s stands for %d components. Say which: bind %q { to = %s }.",
			c.addr, requirement.Service, locked.Implementation, len(implementations), requirement.Name, implementations[0].addr)...)
	}
	if len(implementations) != 1 {
		return
	}
	impl := implementations[0]
	b.depend(c, implementations, at)
	c.bindings = append(c.bindings, &binding{requirement: requirement, provided: impl.recipe.Provides[requirement.Service],
		consumer: c, implementation: impl, endpoint: -1, secret: -1})
}

// explicit resolves the key of a bind: to = middleware.main["eu"] or middleware.main[each.key].
func (b *builder) explicit(c *component, bind *config.Bind, all []*component) []*component {
	if len(all) == 1 && all[0].addr.Key == "" {
		return all
	}
	key, ok := b.bindKey(c, bind)
	if !ok {
		return all
	}
	for _, impl := range all {
		if impl.addr.Key == key {
			return []*component{impl}
		}
	}
	b.diags = append(b.diags, fail(bind.To.Range(), "No such component", "There is no %s[%s].", all[0].addr.Block(), key)...)
	return nil
}

func (b *builder) bindKey(c *component, bind *config.Bind) (string, bool) {
	index, ok := keyExpression(bind.To)
	if !ok {
		return "", false
	}
	v, diags := b.scope.settled(index, c.each, "the key of a bind")
	b.diags = append(b.diags, diags...)
	if diags.HasErrors() || v.IsNull() {
		return "", false
	}
	key := keyOf(v)
	return key, key != ""
}

// order puts the nodes in order, or tells the cycle.
func (b *builder) order() {
	needs := make([][]int32, len(b.Nodes))
	for i := range b.Nodes {
		needs[i] = b.Nodes[i].Needs
	}
	order, cycle := dag.New(needs).Order()
	b.Order = order
	if cycle == nil {
		return
	}
	b.diags = append(b.diags, b.explainCycle(cycle)...)
}

// explainCycle tells a cycle of nodes as one of components, with the place of each need.
func (b *builder) explainCycle(cycle []int32) hcl.Diagnostics {
	var names []addr.Component
	for _, id := range cycle {
		if c := b.Nodes[id].Addr.Component; len(names) == 0 || names[len(names)-1] != c {
			names = append(names, c)
		}
	}
	if len(names) > 1 && names[0] == names[len(names)-1] {
		names = names[1:]
	}
	var lines []string
	at := b.Nodes[cycle[0]].Range
	for i, name := range names {
		next := names[(i+1)%len(names)]
		line := fmt.Sprintf("  %s needs %s", name, next)
		for _, c := range b.byBlock[name.Block()] {
			for _, d := range c.needs {
				if c.addr == name && d.on.addr == next {
					line += " (" + position(d.at) + ")"
					at = d.at
				}
			}
		}
		lines = append(lines, line)
	}
	return fail(at, "Components need each other", "None of them could start first:\n\n%s\n\nTake one of these needs away.", strings.Join(lines, "\n"))
}
