package apply

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/function"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// redacted is an error of a provider without the secrets it was given: it goes into the journal and to the user.
type redacted struct {
	err   error
	given []cty.Value
}

func (r redacted) Error() string { return state.Redact(r.err.Error(), r.given...) }

func (r redacted) Unwrap() error { return r.err }

// conceal marks the computed attributes of v, which comes from a plugin, that show what was sensitive in given: a plugin is not
// told which of its values are, and may have copied one.
func conceal(v cty.Value, schema sdk.TypeSchema, given ...cty.Value) cty.Value {
	attributes := v.AsValueMap()
	for name, a := range schema.Attributes {
		if a.Computed && shows(attributes[name], given) {
			attributes[name] = attributes[name].Mark(function.Sensitive)
		}
	}
	return cty.ObjectVal(attributes)
}

// shows reports whether a text in v, which is known, shows what is sensitive in given.
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
