package host

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// readable checks the answer of a Read.
func (r resource) readable(v, known cty.Value) error {
	if v == cty.NilVal {
		return fmt.Errorf("it has no value")
	}
	return r.discreet(v, known)
}

// acceptable checks the result of an Apply.
func (r resource) acceptable(v cty.Value, q sdk.ApplyRequest, failed bool) error {
	if v == cty.NilVal {
		if failed {
			return nil
		}
		return fmt.Errorf("it has no value")
	}
	if !failed {
		if err := r.asWanted(v, q.After); err != nil {
			return err
		}
		if err := r.schema.Held(q.Planned, v); err != nil {
			return err
		}
	}
	return r.discreet(v, q.Before, q.After)
}

// asWanted checks that a success is what was wanted, with every computed attribute.
func (r resource) asWanted(v, wanted cty.Value) error {
	switch {
	case wanted.IsNull() && !v.IsNull():
		return fmt.Errorf("there is still something after a deletion")
	case wanted.IsNull():
		return nil
	case v.IsNull():
		return fmt.Errorf("there is nothing after a success")
	}
	for _, name := range slices.Sorted(maps.Keys(r.schema.Attributes)) {
		want, got := wanted.GetAttr(name), v.GetAttr(name)
		switch {
		case r.schema.Attributes[name].Computed && want.IsNull():
			if got.IsNull() {
				return fmt.Errorf("the computed attribute %q is missing", name)
			}
		case !got.RawEquals(want):
			return fmt.Errorf("the attribute %q is not as it was wanted", name)
		}
	}
	return nil
}

// minSecret is the length below which a text occurs by chance.
const minSecret = 8

// discreet checks that no sensitive value of the answer or the request shows in an attribute that is not sensitive. What
// the user has written there is none of the plugin's doing.
func (r resource) discreet(v cty.Value, given ...cty.Value) error {
	if v.IsNull() {
		return nil
	}
	secrets := r.secrets(append(slices.Clone(given), v)...)
	for name, a := range r.schema.Attributes {
		part := v.GetAttr(name)
		if a.Sensitive || slices.ContainsFunc(given, func(g cty.Value) bool { return !g.IsNull() && g.GetAttr(name).RawEquals(part) }) {
			continue
		}
		if showsAny(part, secrets) {
			return fmt.Errorf("the attribute %q shows a sensitive value; mark it as sensitive in the schema", name)
		}
	}
	return nil
}

// secrets are the texts in sensitive attributes of some values, but for the short ones. A value may be NilVal.
func (r resource) secrets(values ...cty.Value) []string {
	var secrets []string
	for _, from := range values {
		if from == cty.NilVal {
			continue
		}
		if from, _ = from.UnmarkDeep(); from.IsNull() || !from.IsKnown() {
			continue
		}
		for name, a := range r.schema.Attributes {
			if a.Sensitive {
				secrets = append(secrets, texts(from.GetAttr(name))...)
			}
		}
	}
	return slices.DeleteFunc(secrets, func(s string) bool { return len(s) < minSecret })
}

func showsAny(v cty.Value, secrets []string) bool {
	return slices.ContainsFunc(texts(v), func(text string) bool {
		return slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(text, secret) })
	})
}

// texts returns all strings in v, which has no marks.
func texts(v cty.Value) []string {
	var found []string
	_ = cty.Walk(v, func(_ cty.Path, part cty.Value) (bool, error) { // the callback returns no errors
		if part.Type() == cty.String && part.IsKnown() && !part.IsNull() {
			found = append(found, part.AsString())
		}
		return true, nil
	})
	return found
}

// same reports whether two values are equal; nulls of any type are.
func same(a, b cty.Value) bool { return a.IsNull() && b.IsNull() || a.RawEquals(b) }
