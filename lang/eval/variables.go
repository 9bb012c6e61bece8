package eval

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyfunction "github.com/zclconf/go-cty/cty/function"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/function"
)

// Variables settles the values of declared variables: given ones are converted and checked, for the rest the
// defaults stand in. Values that nobody declared are left out; the caller reports them, knowing where they are from.
func Variables(declared map[string]*config.Variable, given map[string]cty.Value) (map[string]cty.Value, hcl.Diagnostics) {
	values := make(map[string]cty.Value, len(declared))
	functions := function.NewMeter().Functions()
	var diags hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		v := declared[name]
		value, ok := given[name]
		if !ok || value.IsNull() && v.Default != cty.NilVal && !v.Nullable {
			if v.Default == cty.NilVal {
				diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Variable without a value", Subject: v.Range.Ptr(),
					Detail: fmt.Sprintf("The variable %q has no default. Set it with -var %s=…, in a file with -var-file, or by the environment variable RECIPE_VAR_%s.", name, name, name)})
				values[name] = cty.UnknownVal(v.Type)
				continue
			}
			value = v.Default
		}
		value, more := settle(v, value, v.Range, "var", functions)
		diags = append(diags, more...)
		values[name] = value
	}
	return values, diags
}

// functions are those that expressions may call, metered.
type functions = map[string]ctyfunction.Function

// settle converts value to the type of v and checks it; root is how expressions name it: var or input.
func settle(v *config.Variable, value cty.Value, at hcl.Range, root string, functions functions) (cty.Value, hcl.Diagnostics) {
	fail := func(summary, format string, args ...any) (cty.Value, hcl.Diagnostics) {
		return cty.UnknownVal(v.Type), hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: at.Ptr()}}
	}
	if v.Defaults != nil && !value.IsNull() {
		value = v.Defaults.Apply(value)
	}
	converted, err := convert.Convert(value, v.Type)
	if err != nil {
		return fail("Value does not fit", "%q takes a %s: %s.", v.Name, v.Type.FriendlyNameForConstraint(), err)
	}
	if function.IsInfinite(converted) {
		return fail("Value does not fit", "%q takes a finite number.", v.Name)
	}
	if converted.IsNull() && !v.Nullable {
		return fail("Value is null", "%q must have a value.", v.Name)
	}
	if v.Sensitive {
		converted = converted.Mark(function.Sensitive)
	}
	return converted, validate(v, converted, at, root, functions)
}

func validate(v *config.Variable, value cty.Value, at hcl.Range, root string, functions functions) hcl.Diagnostics {
	if len(v.Validations) == 0 {
		return nil
	}
	ctx := &hcl.EvalContext{Functions: functions, Variables: map[string]cty.Value{root: cty.ObjectVal(map[string]cty.Value{v.Name: value})}}
	var diags hcl.Diagnostics
	for _, rule := range v.Validations {
		result, more := rule.Condition.Value(ctx)
		diags = append(diags, more...)
		if more.HasErrors() {
			continue
		}
		result, _ = result.Unmark()
		result, err := convert.Convert(result, cty.Bool)
		if err != nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Condition is not true or false", Subject: rule.Condition.Range().Ptr(),
				Detail: "The condition of a validation has to be a boolean."})
			continue
		}
		if !result.IsKnown() || !result.IsNull() && result.True() {
			continue
		}
		message, more := rule.ErrorMessage.Value(ctx)
		diags = append(diags, more...)
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Invalid value", Subject: at.Ptr(),
			Detail: fmt.Sprintf("%s\n\nThis is checked by the validation at %s.", plainText(message), position(rule.Range))})
	}
	return diags
}

// plainText is an error message as text; a sensitive one is not shown.
func plainText(v cty.Value) string {
	if v.IsMarked() {
		return "The value is invalid (the message is sensitive and not shown)."
	}
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return "The value is invalid."
	}
	return v.AsString()
}

func position(r hcl.Range) string { return fmt.Sprintf("%s:%d", r.Filename, r.Start.Line) }
