package eval

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

var (
	searchPath = cty.StringVal("/usr/local/bin:/usr/bin:/bin")
	language   = cty.StringVal("C.UTF-8")
)

// environment is what a process or step of an instance finds in its environment: own, which is written at a place of the recipe, on
// top of what the engine gives, and what the stack says on top of both.
func (p *Pass) environment(c *component, index int, own cty.Value, at hcl.Range) (cty.Value, hcl.Diagnostics) {
	directory := c.directories[index]
	env := map[string]cty.Value{
		"PATH":             searchPath,
		"LANG":             language,
		"HOME":             cty.StringVal(directory + "/data"),
		"TMPDIR":           cty.StringVal(directory + "/tmp"),
		"RECIPE_STACK":     cty.StringVal(p.graph.in.Stack.Name),
		"RECIPE_COMPONENT": cty.StringVal(c.name),
		"RECIPE_INSTANCE":  cty.StringVal(strconv.Itoa(index)),
	}
	for i, port := range p.scopes[c.number].instances[index].ports {
		name := c.recipe.ports[i]
		number, err := convert.Convert(port, cty.String)
		if err != nil {
			continue
		}
		env["PORT_"+variableName(name)] = number
		if name == "web" || len(c.recipe.ports) == 1 {
			env["PORT"] = number
		}
	}
	for _, b := range c.bindings {
		p.bindingEnvironment(b, env)
	}
	if c.backups > 0 {
		p.roleEnvironment(c, index, env)
	}
	for _, more := range []cty.Value{own, p.givenEnv(c)} {
		known, err := addVariables(env, more)
		if err != nil {
			return cty.NilVal, fail(at, "Value does not fit", "env of %s: %s.", c.addr, err)
		}
		if !known {
			return cty.UnknownVal(cty.Map(cty.String)), nil
		}
	}
	maps.DeleteFunc(env, func(_ string, v cty.Value) bool { v, _ = v.Unmark(); return v.IsKnown() && v.IsNull() })
	return cty.MapVal(env), nil
}

// addVariables puts the variables of a map on top of others; a null one is to be left out, and a null map has none. known is false when it
// cannot be said yet which they are.
func addVariables(env map[string]cty.Value, more cty.Value) (known bool, err error) {
	if more == cty.NilVal {
		return true, nil
	}
	plain, marks := more.Unmark()
	if plain.IsNull() {
		return true, nil
	}
	converted, err := convert.Convert(plain, cty.Map(cty.String))
	if err != nil {
		return false, err
	}
	if !converted.IsKnown() {
		return false, nil
	}
	if err := checkNames(converted); err != nil {
		return false, err
	}
	maps.Copy(env, valuesOf(converted.WithMarks(marks)))
	return true, nil
}

// givenEnv is what the stack says of the environment of c: a map of strings, null for nothing. What is wrong with it is told once.
func (p *Pass) givenEnv(c *component) cty.Value {
	s := &p.scopes[c.number]
	if s.env != cty.NilVal {
		return s.env
	}
	s.env = cty.NullVal(cty.Map(cty.String))
	if c.block == nil || c.block.Env == nil {
		return s.env
	}
	ctx, diags := p.graph.scope.context(c.each, p.roots(c.references), c.block.Env)
	v, more := c.block.Env.Value(ctx)
	if diags = append(diags, more...); !diags.HasErrors() {
		v, more = variables(c, v)
		diags = append(diags, more...)
	}
	p.report(diags)
	if !diags.HasErrors() {
		s.env = v
	}
	return s.env
}

// variables makes a map of strings of what the stack says of the environment of c.
func variables(c *component, v cty.Value) (cty.Value, hcl.Diagnostics) {
	at := c.block.Env.Range()
	plain, marks := v.Unmark()
	converted, err := convert.Convert(plain, cty.Map(cty.String))
	if err != nil {
		return v, fail(at, "Value does not fit", `env of %s must be an object of texts, such as { LOG_LEVEL = "debug" }: %s.`, c.addr, err)
	}
	if converted.IsNull() || !converted.IsKnown() {
		return converted.WithMarks(marks), nil
	}
	if err := checkNames(converted); err != nil {
		return v, fail(at, "No name of a variable", "%s.", err)
	}
	return converted.WithMarks(marks), nil
}

// checkNames refuses a map of variables with a name that no environment can hold.
func checkNames(variables cty.Value) error {
	for it := variables.ElementIterator(); it.Next(); {
		key, _ := it.Element()
		if name := key.AsString(); name == "" || strings.ContainsAny(name, "=\x00") {
			return fmt.Errorf("%q cannot be the name of a variable: it must not be empty and must not hold a =", name)
		}
	}
	return nil
}

// variableName is a name as part of an environment variable: upper case, anything else than letters and digits as _.
func variableName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, name)
}
