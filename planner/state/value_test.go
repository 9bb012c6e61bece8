package state

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/lang/function"
)

// draw draws values of a type, some of them null, unknown or sensitive.
func draw(t *rapid.T, ty cty.Type, depth int) cty.Value {
	switch rapid.IntRange(0, 9).Draw(t, "how") {
	case 0:
		return cty.NullVal(ty)
	case 1:
		return cty.UnknownVal(ty)
	case 2:
		if ty.IsPrimitiveType() {
			return draw(t, ty, depth).Mark(function.Sensitive)
		}
	}
	switch {
	case ty == cty.String:
		return cty.StringVal(rapid.String().Draw(t, "string"))
	case ty == cty.Number:
		return cty.NumberIntVal(rapid.Int64().Draw(t, "number"))
	case ty == cty.Bool:
		return cty.BoolVal(rapid.Bool().Draw(t, "bool"))
	case ty.IsObjectType():
		attributes := map[string]cty.Value{}
		for name, at := range ty.AttributeTypes() {
			attributes[name] = draw(t, at, depth+1)
		}
		return cty.ObjectVal(attributes)
	case ty.IsMapType():
		elements := map[string]cty.Value{}
		for range rapid.IntRange(0, 3).Draw(t, "size") {
			elements[rapid.SampledFrom([]string{"a", "$secret", "$unknown", "$$x", ""}).Draw(t, "key")] = draw(t, ty.ElementType(), depth+1)
		}
		if len(elements) == 0 {
			return cty.MapValEmpty(ty.ElementType())
		}
		return cty.MapVal(elements)
	}
	var elements []cty.Value
	for range rapid.IntRange(0, 3).Draw(t, "size") {
		elements = append(elements, draw(t, ty.ElementType(), depth+1))
	}
	if elements == nil {
		return cty.ListValEmpty(ty.ElementType())
	}
	return cty.ListVal(elements)
}

func TestDecodeReadsWhatEncodeWrites(t *testing.T) {
	ty := cty.Object(map[string]cty.Type{
		"s": cty.String, "n": cty.Number, "b": cty.Bool, "m": cty.Map(cty.String), "l": cty.List(cty.Number),
		"mm": cty.Map(cty.Map(cty.String)), "o": cty.Object(map[string]cty.Type{"x": cty.String}),
	})
	rapid.Check(t, func(t *rapid.T) {
		want := draw(t, ty, 0)
		vault := map[string]string{}
		encoded, err := Encode(want, func(clear string) (string, error) { vault["id of "+clear] = clear; return "id of " + clear, nil })
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(encoded, ty, func(id string) (string, bool) { clear, ok := vault[id]; return clear, ok })
		if err != nil {
			t.Fatalf("%s: %s", encoded, err)
		}
		// Null carries no mark: there is nothing to hide.
		if !got.RawEquals(stripNullMarks(want)) {
			t.Fatalf("wrote %#v as %s and read %#v", want, encoded, got)
		}
	})
}

func stripNullMarks(v cty.Value) cty.Value {
	v, _ = cty.Transform(v, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		if plain, _ := v.Unmark(); plain.IsNull() {
			return plain, nil
		}
		return v, nil
	})
	return v
}

func TestInfiniteNumbersAreRefused(t *testing.T) {
	if encoded, err := Encode(cty.ObjectVal(map[string]cty.Value{"ratio": cty.NegativeInfinity}), nil); err == nil {
		t.Errorf("got %s", encoded)
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	v := cty.ObjectVal(map[string]cty.Value{
		"env":  cty.MapVal(map[string]cty.Value{"URL": cty.StringVal("postgres://u:hunter2@h").Mark(function.Sensitive), "A": cty.StringVal("open")}),
		"port": cty.NumberIntVal(4711).Mark(function.Sensitive),
	})
	encoded, err := Encode(v, func(string) (string, error) { return "s1", nil })
	if err != nil {
		t.Fatal(err)
	}
	if s := string(encoded); strings.Contains(s, "hunter2") || strings.Contains(s, "4711") || !strings.Contains(s, "open") {
		t.Errorf("encoded as %s", s)
	}
	if got := Secrets(encoded); len(got) != 2 || got[0] != "s1" {
		t.Errorf("secrets %v", got)
	}
}

func TestOldVaultIsFoundOut(t *testing.T) {
	_, err := Decode(Encoded(`{"x":{"$secret":"s1"}}`), cty.Object(map[string]cty.Type{"x": cty.String}), func(string) (string, bool) { return "", false })
	if err == nil || !strings.Contains(err.Error(), "older than the state") {
		t.Errorf("got %v", err)
	}
}
