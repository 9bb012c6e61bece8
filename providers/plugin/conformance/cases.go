package conformance

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/laws"
)

// Case is one way to use a type, as it was written.
type Case struct {
	Name       string         `hcl:"name,label"`
	Type       string         `hcl:"type"`
	Create     hcl.Expression `hcl:"create"`
	Updates    hcl.Expression `hcl:"updates,optional"`
	Wrong      hcl.Expression `hcl:"wrong,optional"`
	Observe    hcl.Expression `hcl:"observe,optional"`
	Damage     hcl.Expression `hcl:"damage,optional"`
	Remembered bool           `hcl:"remembered,optional"`
}

// Cases reads a file of cases.
func Cases(text []byte, filename string) ([]Case, hcl.Diagnostics) {
	if diags := config.CheckLimits(text, filename); diags.HasErrors() {
		return nil, diags
	}
	file, diags := hclsyntax.ParseConfig(text, filename, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	var all struct {
		Cases []Case `hcl:"case,block"`
	}
	diags = gohcl.DecodeBody(file.Body, nil, &all)
	return all.Cases, diags
}

// written are the values of a case for one thing.
type written struct {
	create          laws.Values
	updates, wrong  []laws.Values
	observe, damage []string
}

// evaluate works the case out for a thing with an empty directory and a word of its own.
func (c Case) evaluate(schema sdk.TypeSchema, dir, unique string) (written, error) {
	scope := &hcl.EvalContext{Variables: map[string]cty.Value{"dir": cty.StringVal(dir), "unique": cty.StringVal(unique), "env": environment()}}
	var w written
	var err error
	v, diags := c.Create.Value(scope)
	if diags.HasErrors() {
		return w, diags
	}
	if w.create, err = valuesOf(v, schema); err != nil {
		return w, fmt.Errorf("create: %w", err)
	}
	if w.updates, err = listOf(c.Updates, scope, schema); err != nil {
		return w, fmt.Errorf("updates: %w", err)
	}
	if w.wrong, err = listOf(c.Wrong, scope, schema); err != nil {
		return w, fmt.Errorf("wrong: %w", err)
	}
	if w.observe, err = commandOf(c.Observe, scope); err != nil {
		return w, fmt.Errorf("observe: %w", err)
	}
	w.damage, err = commandOf(c.Damage, scope)
	if err != nil {
		return w, fmt.Errorf("damage: %w", err)
	}
	return w, nil
}

func environment() cty.Value {
	all := map[string]cty.Value{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		all[name] = cty.StringVal(value)
	}
	if len(all) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	return cty.MapVal(all)
}

// valuesOf reads the attributes of one thing.
func valuesOf(v cty.Value, schema sdk.TypeSchema) (laws.Values, error) {
	if v.IsNull() || !v.IsWhollyKnown() || !v.Type().IsObjectType() && !v.Type().IsMapType() {
		return nil, fmt.Errorf("it has to be { attribute = value, … }")
	}
	values := laws.Values{}
	for name, part := range v.AsValueMap() {
		a, ok := schema.Attributes[name]
		if !ok {
			return nil, fmt.Errorf("the type has no attribute %q", name)
		}
		converted, err := convert.Convert(part, a.Type)
		if err != nil {
			return nil, fmt.Errorf("the attribute %q: %w", name, err)
		}
		values[name] = converted
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Attributes)) {
		if schema.Attributes[name].Required && values[name] == cty.NilVal {
			return nil, fmt.Errorf("the required attribute %q is missing", name)
		}
	}
	return values, nil
}

// listOf reads a list of things; nothing was written for a nil or null one.
func listOf(e hcl.Expression, scope *hcl.EvalContext, schema sdk.TypeSchema) ([]laws.Values, error) {
	parts, err := partsOf(e, scope)
	var list []laws.Values
	for _, part := range parts {
		values, err := valuesOf(part, schema)
		if err != nil {
			return nil, err
		}
		list = append(list, values)
	}
	return list, err
}

func commandOf(e hcl.Expression, scope *hcl.EvalContext) ([]string, error) {
	parts, err := partsOf(e, scope)
	var command []string
	for _, part := range parts {
		text, err := convert.Convert(part, cty.String)
		if err != nil || text.IsNull() {
			return nil, fmt.Errorf("it has to be a list of strings")
		}
		command = append(command, text.AsString())
	}
	return command, err
}

func partsOf(e hcl.Expression, scope *hcl.EvalContext) ([]cty.Value, error) {
	if e == nil {
		return nil, nil
	}
	v, diags := e.Value(scope)
	switch {
	case diags.HasErrors():
		return nil, diags
	case v.IsNull():
		return nil, nil
	case !v.IsWhollyKnown() || !v.CanIterateElements() || v.Type().IsObjectType() || v.Type().IsMapType():
		return nil, fmt.Errorf("it has to be a list")
	}
	return v.AsValueSlice(), nil
}
