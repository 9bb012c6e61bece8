package eval

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/config"
)

// health works out the checks of a process: its own, for the main process else the recipe's, else the default,
// which is that its port takes connections.
func (p *Pass) health(c *component, index int, process *config.Process, main bool, ctx *hcl.EvalContext) (map[string]cty.Value, hcl.Diagnostics) {
	h := process.Health
	if h == nil && main {
		h = c.recipe.Health
	}
	attributes := map[string]cty.Value{}
	port := cty.NullVal(cty.Number)
	if main {
		port = p.mainPort(c, index)
	}
	if h == nil {
		if main && c.recipe.mainPort() != "" {
			v := p.check(map[string]cty.Value{"tcp": port}, port)
			attributes["startup"], attributes["readiness"] = v, v
		}
		return attributes, nil
	}
	var diags hcl.Diagnostics
	for name, check := range map[string]*config.Check{"startup": h.Startup, "readiness": h.Readiness, "liveness": h.Liveness} {
		if check == nil {
			continue
		}
		values, more := evaluate(check.Attributes, ctx)
		diags = append(diags, more...)
		if more.HasErrors() {
			continue
		}
		v := p.check(values, port)
		if v == cty.NilVal {
			diags = append(diags, p.checkMisfit(check, values)...)
			continue
		}
		attributes[name] = v
		diags = append(diags, checkLag(check, v)...)
		diags = append(diags, checkPath(check, v)...)
		diags = append(diags, programs(check.Attributes, values, "exec")...)
	}
	if h.Startup == nil && h.Readiness != nil && !diags.HasErrors() {
		// Started means ready for the first time. How long one probe may take says nothing of the start as a whole.
		started := attributes["readiness"].AsValueMap()
		started["timeout"] = cty.NullVal(cty.String)
		attributes["startup"] = cty.ObjectVal(started)
	}
	return attributes, diags
}

func (r *recipe) mainPort() string {
	if _, ok := r.Ports["web"]; ok {
		return "web"
	}
	if len(r.ports) > 0 {
		return r.ports[0]
	}
	return ""
}

func (p *Pass) mainPort(c *component, index int) cty.Value {
	name := c.recipe.mainPort()
	if name == "" {
		return cty.NullVal(cty.Number)
	}
	return p.scopes[c.number].instances[index].ports[slices.Index(c.recipe.ports, name)]
}

// check makes the object of a check; NilVal when a value does not fit.
func (p *Pass) check(values map[string]cty.Value, port cty.Value) cty.Value {
	ty := p.graph.in.Types["instance"].Attributes["startup"].Type
	attributes := make(map[string]cty.Value, len(ty.AttributeTypes()))
	for name, t := range ty.AttributeTypes() {
		v, ok := values[name]
		if !ok && name == "port" {
			v, ok = port, true
		}
		if !ok {
			attributes[name] = cty.NullVal(t)
			continue
		}
		converted, err := convertAttribute(v, t)
		if err != nil {
			return cty.NilVal
		}
		attributes[name] = converted
	}
	return cty.ObjectVal(attributes)
}

// convertAttribute converts v to t; attributes that an object does not have are null.
func convertAttribute(v cty.Value, t cty.Type) (cty.Value, error) {
	plain, marks := v.Unmark()
	if t.IsObjectType() && plain.Type().IsObjectType() && plain.IsKnown() && !plain.IsNull() {
		filled := make(map[string]cty.Value, len(t.AttributeTypes()))
		for name, at := range t.AttributeTypes() {
			filled[name] = cty.NullVal(at)
		}
		attributes := plain.AsValueMap()
		for _, name := range slices.Sorted(maps.Keys(attributes)) {
			if !t.HasAttribute(name) {
				return cty.NilVal, misfit{name, fmt.Errorf("there is no such attribute; there are %s", strings.Join(slices.Sorted(maps.Keys(filled)), ", "))}
			}
			fitting, err := convert.Convert(attributes[name], t.AttributeType(name))
			if err != nil {
				return cty.NilVal, misfit{name, err}
			}
			filled[name] = fitting
		}
		plain = cty.ObjectVal(filled)
	}
	converted, err := convert.Convert(plain, t)
	if err != nil {
		return cty.NilVal, err
	}
	return converted.WithMarks(marks), nil
}

// checkLag refuses a bound that no replica keeps.
func checkLag(check *config.Check, v cty.Value) hcl.Diagnostics {
	login, _ := v.GetAttr("postgresql").Unmark()
	if login.IsNull() || !login.IsKnown() {
		return nil
	}
	lag, _ := login.GetAttr("max_lag").Unmark()
	if lag.IsNull() || !lag.IsKnown() || lag.GreaterThanOrEqualTo(cty.NumberIntVal(1)).True() {
		return nil
	}
	return fail(check.Attributes["postgresql"].Expr.Range(), "Value does not fit",
		`"postgresql": max_lag: that is a number of bytes, 1 or more; follows = true asks for no bound.`)
}

// checkPath refuses what no server can be asked for.
func checkPath(check *config.Check, v cty.Value) hcl.Diagnostics {
	path, known := text(v.GetAttr("http"))
	if !known || path == "" || strings.HasPrefix(path, "/") {
		return nil
	}
	return fail(check.Attributes["http"].Expr.Range(), "Not a path", "http is the path that is asked for, such as \"/healthz\", and begins with a slash.")
}

// checkMisfit says which value of a check does not fit.
func (p *Pass) checkMisfit(check *config.Check, values map[string]cty.Value) hcl.Diagnostics {
	ty := p.graph.in.Types["instance"].Attributes["startup"].Type
	var diags hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !ty.HasAttribute(name) {
			continue
		}
		if _, err := convertAttribute(values[name], ty.AttributeType(name)); err != nil {
			diags = append(diags, fail(check.Attributes[name].Expr.Range(), "Value does not fit", "%q: %s.", name, err)...)
		}
	}
	return diags
}
