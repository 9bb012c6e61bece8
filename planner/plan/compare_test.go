package plan

import (
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/lang/function"
)

// someCty draws a value out of so few that two are often the same.
func someCty(t *rapid.T, depth int) cty.Value {
	v := rapid.SampledFrom([]cty.Value{
		cty.StringVal("a"), cty.StringVal(""), cty.True, cty.Zero, cty.NullVal(cty.String), cty.NullVal(cty.Number), cty.UnknownVal(cty.String), cty.DynamicVal,
		cty.ListValEmpty(cty.String), cty.ListValEmpty(cty.Number), cty.EmptyTupleVal, cty.EmptyObjectVal, cty.NullVal(cty.EmptyObject), cty.MapValEmpty(cty.String),
	}).Draw(t, "leaf")
	if depth > 0 {
		switch rapid.IntRange(0, 3).Draw(t, "shape") {
		case 0:
			attributes := map[string]cty.Value{}
			for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y"}), 0, 2).Draw(t, "names") {
				attributes[name] = someCty(t, depth-1)
			}
			v = cty.ObjectVal(attributes)
		case 1:
			v = cty.MapVal(map[string]cty.Value{"x": v})
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "mark") == 0 {
		v = v.Mark(function.Sensitive)
	}
	return v
}

func TestSameIsEqualWithoutMarks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := someCty(t, 2), someCty(t, 2)
		if rapid.Bool().Draw(t, "twice") {
			b, _ = a.UnmarkDeep()
		}
		plainA, _ := a.UnmarkDeep()
		plainB, _ := b.UnmarkDeep()
		if got, want := Same(a, b), plainA.RawEquals(plainB); got != want {
			t.Fatalf("%#v and %#v are the same: %t, want %t", a, b, got, want)
		}
	})
}

// In lists of objects what differs is shown, and nothing else.
func TestDescribe(t *testing.T) {
	subject := func(name, city string) cty.Value {
		parts := map[string]cty.Value{"name": cty.StringVal(name), "city": cty.NullVal(cty.String)}
		if city != "" {
			parts["city"] = cty.StringVal(city)
		}
		return cty.ObjectVal(parts)
	}
	list := func(all ...cty.Value) cty.Value { return cty.ListVal(all) }
	for name, test := range map[string]struct {
		before, after cty.Value
		want          []Difference
	}{
		"a part of one": {list(subject("a", ""), subject("b", "c")), list(subject("a", ""), subject("b", "d")), []Difference{{Path: "s[1].city", Before: `"c"`, After: `"d"`}}},
		"one more":      {list(subject("a", "")), list(subject("a", ""), subject("b", "")), []Difference{{Path: "s[1]", After: `{"name":"b"}`}}},
		"one less":      {list(subject("a", ""), subject("b", "")), list(subject("a", "")), []Difference{{Path: "s[1]", Before: `{"name":"b"}`}}},
		"a secret":      {list(subject("a", "")).Mark(function.Sensitive), list(subject("b", "")).Mark(function.Sensitive), []Difference{{Path: "s", Before: "(sensitive)", After: "(sensitive)"}}},
		"texts":         {list(cty.StringVal("a")), list(cty.StringVal("b")), []Difference{{Path: "s", Before: `["a"]`, After: `["b"]`}}},
	} {
		t.Run(name, func(t *testing.T) {
			var c comparison
			c.describe("s", test.before, test.after, false)
			if !slices.Equal(c.changed, test.want) {
				t.Errorf("it shows %+v, want %+v", c.changed, test.want)
			}
		})
	}
}
