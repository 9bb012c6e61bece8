package eval

import (
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

// environment is what a process or step of an instance finds in its environment, own on top of what the engine gives.
func (p *Pass) environment(c *component, index int, own cty.Value) (cty.Value, hcl.Diagnostics) {
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
	if own != cty.NilVal {
		if plain, marks := own.Unmark(); !plain.IsNull() {
			converted, err := convert.Convert(plain, cty.Map(cty.String))
			if err != nil {
				return cty.NilVal, fail(c.recipe.NameRange, "Value does not fit", "env of %s: %s.", c.addr, err)
			}
			for name, v := range valuesOf(converted.WithMarks(marks)) {
				env[name] = v
			}
			if !converted.IsKnown() {
				return cty.UnknownVal(cty.Map(cty.String)), nil
			}
		}
	}
	maps.DeleteFunc(env, func(_ string, v cty.Value) bool { v, _ = v.Unmark(); return v.IsKnown() && v.IsNull() })
	return cty.MapVal(env), nil
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
