package function

import (
	"errors"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Arithmetic is an operator with two numbers, such as that of cty's library, whose result is a number too: it fails where that would be
// infinite. One that divides fails with 0 as its second number.
func Arithmetic(f function.Function, divides bool) function.Function {
	return function.New(&function.Spec{
		Params: f.Params(),
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if divides && args[1].AsBigFloat().Sign() == 0 {
				return cty.NilVal, errors.New("division by zero")
			}
			return finite(f.Call(args))
		},
	})
}

// finite refuses a number that is infinite, since nothing that is recorded can hold it: JSON has none.
func finite(v cty.Value, err error) (cty.Value, error) {
	if err == nil && IsInfinite(v) {
		err = errors.New("the result is no finite number")
	}
	return v, err
}

// IsInfinite reports whether v is a number that is known and infinite. Texts such as "Inf" become one.
func IsInfinite(v cty.Value) bool {
	v, _ = v.Unmark()
	return v != cty.NilVal && v.Type() == cty.Number && v.IsKnown() && !v.IsNull() && v.AsBigFloat().IsInf()
}
