package plan

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/function"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Conceal marks the computed attributes of v, which comes from a plugin, that show what was sensitive in given: a plugin is not
// told which of its values are, and may have copied one.
func Conceal(v cty.Value, schema sdk.TypeSchema, given ...cty.Value) cty.Value {
	if v.IsNull() || !v.IsKnown() {
		return v
	}
	attributes := v.AsValueMap()
	for name, a := range schema.Attributes {
		if a.Computed && shows(attributes[name], given) {
			attributes[name] = attributes[name].Mark(function.Sensitive)
		}
	}
	return cty.ObjectVal(attributes)
}

// shows reports whether a text in v shows what is sensitive in given.
func shows(v cty.Value, given []cty.Value) bool {
	found := false
	plain, _ := v.UnmarkDeep()
	_ = cty.Walk(plain, func(_ cty.Path, part cty.Value) (bool, error) { // the callback returns no errors
		if part.Type() == cty.String && part.IsKnown() && !part.IsNull() {
			text := part.AsString()
			found = found || state.Redact(text, given...) != text
		}
		return !found, nil
	})
	return found
}
