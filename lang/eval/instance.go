package eval

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/planner/state"
)

// allocation is where an instance lives: its directories and ports.
func (p *Pass) allocation(c *component, index int) (cty.Value, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	wanted := map[string]cty.Value{}
	for _, name := range c.recipe.ports {
		number, more := p.portNumber(c, index, name)
		diags = append(diags, more...)
		wanted[name] = number
		if expr := p.graph.portNumber(c, name); expr != nil {
			diags = append(diags, c.fixed(name, number, expr.Range())...)
			diags = append(diags, p.claim(c, number, expr.Range())...)
		}
	}
	v, err := conform(p.graph.in.Types["allocation"], map[string]cty.Value{
		"component": cty.StringVal(c.name),
		"directory": cty.StringVal(c.directories[index]),
		"owner":     cty.NumberIntVal(int64(p.graph.in.Owner)),
		"wanted":    mapOf(wanted, cty.Number),
	})
	if err != nil {
		return cty.NilVal, append(diags, fail(c.recipe.NameRange, "Invalid port", "%s.", err)...)
	}
	return v, diags
}

// claim refuses a number that another component has fixed already: the second one could not listen there.
func (p *Pass) claim(c *component, number cty.Value, at hcl.Range) hcl.Diagnostics {
	if !number.IsKnown() || number.Equals(cty.Zero).True() {
		return nil
	}
	text := number.AsBigFloat().Text('f', -1)
	if p.fixed == nil {
		p.fixed = map[string]fixedPort{}
	}
	first, taken := p.fixed[text]
	if taken && first.of != c {
		return fail(at, "One port for two", "%s and %s are both to listen on port %s (%s). Give one of them another number, or none for a free one.", first.of.addr, c.addr, text, position(first.at))
	}
	p.fixed[text] = fixedPort{c, at}
	return nil
}

// portNumber is the expression that fixes a port, in the stack or in the recipe; nil for any free port.
func (g *Graph) portNumber(c *component, name string) hcl.Expression {
	if c.block != nil && c.block.Ports[name] != nil {
		return c.block.Ports[name]
	}
	return c.recipe.Ports[name].Number
}

func (p *Pass) portNumber(c *component, index int, name string) (cty.Value, hcl.Diagnostics) {
	expr := p.graph.portNumber(c, name)
	if expr == nil {
		return cty.Zero, nil
	}
	var v cty.Value
	var diags hcl.Diagnostics
	if c.block != nil && c.block.Ports[name] == expr {
		ctx, more := p.graph.scope.context(c.each, nil, expr)
		v, diags = expr.Value(ctx)
		diags = append(more, diags...)
	} else {
		// The ports of the instance do not exist yet, so its recipe sees the component's roots only.
		ctx := withRoots(p.componentContext(c), map[string]cty.Value{"instance": cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(int64(index))})})
		v, diags = expr.Value(ctx)
	}
	if diags.HasErrors() {
		return cty.Zero, diags
	}
	v, _ = v.Unmark()
	if v.IsNull() {
		return cty.Zero, nil
	}
	n, err := convert.Convert(v, cty.Number)
	if err != nil {
		return cty.Zero, fail(expr.Range(), "Not a port", "A port is a number from 1 to 65535.")
	}
	if n.IsKnown() {
		if port, err := strconv.Atoi(n.AsBigFloat().Text('f', -1)); err != nil || port < 0 || port > 65535 {
			return cty.Zero, fail(expr.Range(), "Not a port", "A port is a number from 1 to 65535; 0 stands for any free one.")
		}
	}
	return n, nil
}

func mapOf(values map[string]cty.Value, element cty.Type) cty.Value {
	if len(values) == 0 {
		return cty.MapValEmpty(element)
	}
	return cty.MapVal(values)
}

// step is a command that runs once before the processes.
func (p *Pass) step(c *component, index int, step *config.Step) (cty.Value, hcl.Diagnostics) {
	ctx := p.configureContext(c, index)
	attributes, diags := evaluate(step.Attributes, ctx)
	if index == 0 {
		diags = append(diags, c.recipe.pkg.missingFiles(step.Attributes, attributes)...)
	}
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	env, more := p.environment(c, index, attributes["env"], rangeOf(step.Attributes["env"], step.Range))
	diags = append(append(diags, more...), programs(step.Attributes, attributes, "command", "undo")...)
	attributes["env"] = env
	inPackage(attributes, c.recipe.pkg.Path)
	at := p.graph.stepPlace(c, index, "step."+step.Name)
	attributes["sandbox"], more = p.sandbox(c, index)
	diags = append(diags, more...)
	engine(p.graph.in.Types["command"], attributes, step.Name, at)
	if step.OncePer == "version" {
		attributes["trigger"] = cty.StringVal(c.recipe.Version.String())
	}
	v, err := conform(p.graph.in.Types["command"], attributes)
	if err != nil {
		return cty.NilVal, append(diags, p.misfit(err, step.Attributes, step.Range)...)
	}
	return v, diags
}

// process is one supervised process of an instance.
func (p *Pass) process(c *component, index int, process *config.Process) (cty.Value, hcl.Diagnostics) {
	ctx := p.configureContext(c, index)
	command, diags := process.Command.Value(ctx)
	if nameless(command) {
		diags = append(diags, config.NoProgram("command", process.Command)...)
	}
	own, at := cty.NullVal(cty.Map(cty.String)), process.Range
	if process.Env != nil {
		v, more := process.Env.Value(ctx)
		diags = append(diags, more...)
		own, at = v, process.Env.Range()
	}
	var directory cty.Value
	if process.Directory != nil {
		v, more := process.Directory.Value(ctx)
		diags = append(diags, more...)
		directory = v
		if index == 0 {
			diags = append(diags, c.recipe.pkg.missingAt(process.Directory.Range(), v)...)
		}
	}
	if index == 0 && !diags.HasErrors() {
		diags = append(diags, c.recipe.pkg.missingProgram(process.Command, command, directory)...)
	}
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	env, more := p.environment(c, index, own, at)
	diags = append(diags, more...)
	number := slices.Index(c.recipe.Processes, process)
	main := process == c.recipe.Main()
	sandbox, more := p.processSandbox(c, index, process)
	diags = append(diags, more...)
	health, more := p.health(c, index, process, main, ctx)
	diags = append(diags, more...)
	attributes := map[string]cty.Value{
		"component":     cty.StringVal(c.name),
		"kind":          cty.StringVal(process.Kind),
		"main":          cty.BoolVal(main),
		"directory":     cty.StringVal(c.directories[index]),
		"workdir":       directoryIn(c.recipe.pkg.Path, directory),
		"command":       command,
		"env":           env,
		"bindings":      p.bindings(c),
		"needs":         p.needs(c),
		"owner":         cty.NumberIntVal(int64(p.graph.in.Owner)),
		"stop":          c.recipe.stops[number],
		"drain":         cty.StringVal(c.drain),
		"limits":        c.limits(process),
		"sandbox":       sandbox,
		"success_codes": successCodes(process.SuccessCodes),
		"config_digest": p.configDigest(c, index),
		"running":       cty.True,
	}
	if process.Root {
		attributes["owner"] = cty.NumberIntVal(-1)
	}
	if main {
		attributes["ports"] = p.portsMap(c, index)
	}
	maps.Copy(attributes, health)
	if process.Schedule != nil {
		return p.scheduled(c, process, attributes, ctx, diags)
	}
	roles, more := p.roles(c, process, main, ctx)
	attributes["roles"], diags = roles, append(diags, more...)
	return p.running("instance", process, attributes, diags)
}

// running is the value of a process of that type.
func (p *Pass) running(typ string, process *config.Process, attributes map[string]cty.Value, diags hcl.Diagnostics) (cty.Value, hcl.Diagnostics) {
	v, err := conform(p.graph.in.Types[typ], attributes)
	if err != nil {
		at := process.Range
		if m, ok := err.(misfit); ok && m.attribute == "command" {
			at = process.Command.Range()
		}
		return cty.NilVal, append(diags, fail(at, "Value does not fit", "%s.", err)...)
	}
	return v, diags
}

// rangeOf is where the value of an attribute is written; otherwise is for one that is not.
func rangeOf(a *hcl.Attribute, otherwise hcl.Range) hcl.Range {
	if a == nil {
		return otherwise
	}
	return a.Expr.Range()
}

// portsMap is what a process is told to listen on. The instance's context is made by then.
func (p *Pass) portsMap(c *component, index int) cty.Value {
	values := make(map[string]cty.Value, len(c.recipe.ports))
	for i, v := range p.scopes[c.number].instances[index].ports {
		if !v.IsKnown() {
			return cty.UnknownVal(cty.Map(cty.Number))
		}
		values[c.recipe.ports[i]] = v
	}
	return mapOf(values, cty.Number)
}

// needs lists the components that have to be ready before a process of c starts at boot and when healing.
func (p *Pass) needs(c *component) cty.Value {
	if len(c.needs) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	names := make([]cty.Value, len(c.needs))
	for i, d := range c.needs {
		names[i] = cty.StringVal(d.on.name)
	}
	return cty.ListVal(names)
}

func stopValue(own, general *config.Stop) cty.Value {
	if own == nil {
		own = general
	}
	signal, grace := "SIGTERM", "10s"
	if own != nil {
		if own.Signal != "" {
			signal = own.Signal
		}
		if own.Grace != "" {
			grace = own.Grace
		}
	}
	return cty.ObjectVal(map[string]cty.Value{"signal": cty.StringVal(signal), "grace": cty.StringVal(grace)})
}

func successCodes(codes []int) cty.Value {
	if len(codes) == 0 {
		return cty.NullVal(cty.List(cty.Number))
	}
	values := make([]cty.Value, len(codes))
	for i, code := range codes {
		values[i] = cty.NumberIntVal(int64(code))
	}
	return cty.ListVal(values)
}

// configDigest changes when any of the instance's configure resources does; a process restarts by it.
func (p *Pass) configDigest(c *component, index int) cty.Value {
	if len(c.configures[index]) == 0 {
		return cty.NullVal(cty.String)
	}
	hash := sha256.New()
	for _, id := range c.configures[index] {
		v := p.configured(id)
		if !v.IsWhollyKnown() {
			return cty.UnknownVal(cty.String)
		}
		encoded, err := state.Encode(v, func(clear string) (string, error) { return p.id(clear), nil })
		if err != nil {
			return cty.UnknownVal(cty.String)
		}
		fmt.Fprintf(hash, "%s %d\n", p.graph.Nodes[id].Addr, len(encoded))
		hash.Write(encoded)
	}
	return cty.StringVal(hex.EncodeToString(hash.Sum(nil)[:16]))
}

// configured is the value of a node without what its provider computes: that may be unknown when nothing changes.
func (p *Pass) configured(id int32) cty.Value {
	v := p.get(id)
	schema := p.graph.in.Types[p.graph.Nodes[id].Type]
	if v, _ := v.Unmark(); !v.IsKnown() || v.IsNull() {
		return v
	}
	attributes := valuesOf(v)
	for name, a := range schema.Attributes {
		if a.Computed {
			delete(attributes, name)
		}
	}
	return cty.ObjectVal(attributes)
}
