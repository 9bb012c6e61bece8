package laws

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

// Object returns values as the engine hands them to a Resource: an object with every attribute of the type, where
// what is not set has its default or is null. It panics if a value does not belong there, which is a fault of the test.
func Object(t sdk.TypeSchema, values Values) cty.Value {
	for name := range values {
		if _, ok := t.Attributes[name]; !ok {
			panic(fmt.Sprintf("the type has no attribute %q", name))
		}
	}
	all := make(map[string]cty.Value, len(t.Attributes))
	for name, a := range t.Attributes {
		v, set := values[name]
		switch {
		case set:
			all[name] = v
		case a.Default != cty.NilVal:
			all[name] = a.Default
		case a.Required:
			panic(fmt.Sprintf("the required attribute %q is not set", name))
		default:
			all[name] = cty.NullVal(a.Type)
		}
	}
	object := cty.ObjectVal(all)
	if err := conforms(t, object); err != nil {
		panic(err)
	}
	return object
}

// carry returns after with the stable computed attributes of before. A type that plans keeps them itself.
func (t *trial) carry(before, after cty.Value) cty.Value {
	if t.schema.Plans || before.IsNull() || after.IsNull() {
		return after
	}
	all := after.AsValueMap()
	for name, a := range t.schema.Attributes {
		if a.Stable && all[name].IsNull() {
			all[name] = before.GetAttr(name)
		}
	}
	return cty.ObjectVal(all)
}

// conforms checks that v belongs to the type: the right object or null, without marks and unknown parts.
func conforms(t sdk.TypeSchema, v cty.Value) error {
	switch {
	case v == cty.NilVal:
		return fmt.Errorf("the value is cty.NilVal, not a null of the type")
	case v.ContainsMarked():
		return fmt.Errorf("the value has marks")
	case v.IsNull():
		return nil // a null of any type stands for absence
	}
	if faults := v.Type().TestConformance(t.Object()); faults != nil {
		return fmt.Errorf("the value is not of the type: %w", faults[0])
	}
	if !v.IsWhollyKnown() {
		return fmt.Errorf("the value is partly unknown")
	}
	return nil
}

// asWanted checks the result of a successful Apply: what was wanted, and every computed attribute.
func asWanted(t sdk.TypeSchema, wanted, got cty.Value) error {
	if wanted.IsNull() {
		if !got.IsNull() {
			return fmt.Errorf("a deletion returned a value")
		}
		return nil
	}
	if got.IsNull() {
		return fmt.Errorf("the result is null")
	}
	for _, name := range slices.Sorted(maps.Keys(t.Attributes)) {
		want, have := wanted.GetAttr(name), got.GetAttr(name)
		switch {
		case t.Attributes[name].Computed && want.IsNull():
			if have.IsNull() {
				return fmt.Errorf("the computed attribute %q is null", name)
			}
		case !have.RawEquals(want):
			return fmt.Errorf("attribute %q is not as it was wanted", name)
		}
	}
	return nil
}

// same reports whether two values are equal; nulls of any type are.
func same(a, b cty.Value) bool {
	return a.IsNull() && b.IsNull() || a.RawEquals(b)
}

// secrets returns the texts in the sensitive attributes of values. Short ones are left out: they occur by chance.
func secrets(t sdk.TypeSchema, values ...cty.Value) []string {
	var found []string
	for _, v := range values {
		if v == cty.NilVal || v.IsNull() {
			continue
		}
		for name, a := range t.Attributes {
			if a.Sensitive {
				found = append(found, texts(v.GetAttr(name))...)
			}
		}
	}
	return slices.DeleteFunc(found, func(s string) bool { return len(s) < 6 })
}

// leak returns the name of an attribute of v that is not sensitive and shows one of the secrets, or "".
func leak(t sdk.TypeSchema, v cty.Value, secrets []string) string {
	if v.IsNull() {
		return ""
	}
	for name, a := range t.Attributes {
		if a.Sensitive {
			continue
		}
		for _, text := range texts(v.GetAttr(name)) {
			if containsAny(text, secrets) {
				return name
			}
		}
	}
	return ""
}

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// texts returns all strings in v.
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
