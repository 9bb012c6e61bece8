package function

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func sensitive() function.Function {
	return function.New(&function.Spec{
		Description: "The value, marked so that it is never shown.",
		Params:      []function.Parameter{anything("value")},
		Type:        sameType,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return args[0].Mark(Sensitive), nil
		},
	})
}

func nonsensitive() function.Function {
	return function.New(&function.Spec{
		Description: "The value without its sensitive mark. The caller answers for it that it may be shown.",
		Params:      []function.Parameter{anything("value")},
		Type:        sameType,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, marks := args[0].Unmark()
			delete(marks, Sensitive)
			return v.WithMarks(marks), nil
		},
	})
}

func anything(name string) function.Parameter {
	return function.Parameter{
		Name: name, Type: cty.DynamicPseudoType,
		AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true,
	}
}

func sameType(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil }
