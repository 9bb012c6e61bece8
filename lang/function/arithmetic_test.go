package function

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Nothing that can be recorded is infinite, so nothing that is calculated may be.
func TestNumbersAreFinite(t *testing.T) {
	functions := NewMeter().Functions()
	divide, modulo := Arithmetic(stdlib.DivideFunc, true), Arithmetic(stdlib.ModuloFunc, true)
	zero, seven, infinite := cty.Zero, cty.NumberIntVal(7), cty.PositiveInfinity
	for _, c := range []struct {
		what string
		call func() (cty.Value, error)
		want cty.Value // NilVal where it is a mistake
	}{
		{"7 / 2", func() (cty.Value, error) { return divide.Call([]cty.Value{seven, cty.NumberIntVal(2)}) }, cty.NumberFloatVal(3.5)},
		{"0 / 7", func() (cty.Value, error) { return divide.Call([]cty.Value{zero, seven}) }, zero},
		{"7 / 0", func() (cty.Value, error) { return divide.Call([]cty.Value{seven, zero}) }, cty.NilVal},
		{"0 / 0", func() (cty.Value, error) { return divide.Call([]cty.Value{zero, zero}) }, cty.NilVal},
		{"7 % 4", func() (cty.Value, error) { return modulo.Call([]cty.Value{seven, cty.NumberIntVal(4)}) }, cty.NumberIntVal(3)},
		{"7 % 0", func() (cty.Value, error) { return modulo.Call([]cty.Value{seven, zero}) }, cty.NilVal},
		{"7 + inf", func() (cty.Value, error) {
			return Arithmetic(stdlib.AddFunc, false).Call([]cty.Value{seven, infinite})
		}, cty.NilVal},
		{"pow(10, 400)", func() (cty.Value, error) {
			return functions["pow"].Call([]cty.Value{cty.NumberIntVal(10), cty.NumberIntVal(400)})
		}, cty.NilVal},
		{`tonumber("inf")`, func() (cty.Value, error) { return functions["tonumber"].Call([]cty.Value{cty.StringVal("inf")}) }, cty.NilVal},
	} {
		switch v, err := c.call(); {
		case c.want == cty.NilVal && err == nil:
			t.Errorf("%s is %#v", c.what, v)
		case c.want != cty.NilVal && (err != nil || !v.RawEquals(c.want)):
			t.Errorf("%s is %#v, %v", c.what, v, err)
		}
	}
	if v, err := divide.Call([]cty.Value{seven.Mark(Sensitive), cty.UnknownVal(cty.Number)}); err != nil || v.IsKnown() || !v.HasMark(Sensitive) {
		t.Errorf("a secret divided by what is unknown is %#v, %v", v, err)
	}
}
