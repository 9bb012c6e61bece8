package plan

import (
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
