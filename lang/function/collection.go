package function

import (
	"errors"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func allTrue() function.Function {
	return booleans("Whether all elements are true; of none, yes.", true, cty.Value.And)
}

func anyTrue() function.Function {
	return booleans("Whether an element is true; of none, no.", false, cty.Value.Or)
}

// booleans joins the elements of a list one by one. Null counts as false.
func booleans(description string, start bool, join func(a, b cty.Value) cty.Value) function.Function {
	return function.New(&function.Spec{
		Description: description,
		Params:      []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:        function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			result := cty.BoolVal(start)
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				if v.IsNull() {
					v = cty.False
				}
				result = join(result, v)
			}
			return result, nil
		},
	})
}

// coalesce passes over null and, as Terraform users expect, over the empty string.
func coalesce() function.Function {
	value := anything("values")
	value.AllowMarked = false
	return function.New(&function.Spec{
		Description: `The first argument that is neither null nor "".`,
		VarParam:    &value,
		Type: func(args []cty.Value) (cty.Type, error) {
			types := make([]cty.Type, len(args))
			for i, a := range args {
				types[i] = a.Type()
			}
			t, _ := convert.UnifyUnsafe(types)
			if len(args) == 0 || t == cty.NilType {
				return cty.NilType, errors.New("all arguments must have the same type, and there must be one")
			}
			return t, nil
		},
		Impl: func(args []cty.Value, want cty.Type) (cty.Value, error) {
			for _, a := range args {
				v, err := convert.Convert(a, want)
				if err != nil {
					return cty.NilVal, err
				}
				if !v.IsKnown() {
					return cty.UnknownVal(want), nil
				}
				if v.IsNull() || v.Type() == cty.String && v.AsString() == "" {
					continue
				}
				return v, nil
			}
			return cty.NilVal, errors.New("all arguments are null or empty")
		},
	})
}

func index() function.Function {
	value := anything("value")
	value.AllowMarked = false
	return function.New(&function.Spec{
		Description: "The place of the value in the list, from 0.",
		Params:      []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}, value},
		Type:        function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if t := args[0].Type(); !t.IsListType() && !t.IsTupleType() {
				return cty.NilVal, function.NewArgErrorf(0, "a list is needed")
			}
			if !args[0].IsWhollyKnown() || !args[1].IsWhollyKnown() {
				return cty.UnknownVal(cty.Number), nil
			}
			i := 0
			for it := args[0].ElementIterator(); it.Next(); i++ {
				_, v := it.Element()
				if equal := v.Equals(args[1]); equal.IsKnown() && equal.True() {
					return cty.NumberIntVal(int64(i)), nil
				}
			}
			return cty.NilVal, errors.New("the list does not hold this value")
		},
	})
}

// length takes strings as well as collections, and looks through neither marks nor unknown elements.
func length() function.Function {
	value := function.Parameter{Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowUnknown: true, AllowMarked: true}
	return function.New(&function.Spec{
		Description: "The number of elements of a collection, or of characters of a text.",
		Params:      []function.Parameter{value},
		Type:        function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, marks := args[0].Unmark()
			n, err := lengthOf(v)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return n.WithMarks(marks), nil
		},
	})
}

func lengthOf(v cty.Value) (cty.Value, error) {
	switch t := v.Type(); {
	case t == cty.DynamicPseudoType:
		return cty.UnknownVal(cty.Number), nil
	case t == cty.String:
		return stdlib.Strlen(v)
	case t.IsObjectType():
		return cty.NumberIntVal(int64(len(t.AttributeTypes()))), nil
	case t.IsCollectionType() || t.IsTupleType():
		return v.Length(), nil
	}
	return cty.NilVal, errors.New("a list, set, map, object or text is needed")
}

func one() function.Function {
	return function.New(&function.Spec{
		Description: "The only element of a list or set, or null when it is empty.",
		Params:      []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type: func(args []cty.Value) (cty.Type, error) {
			switch t := args[0].Type(); {
			case t.IsListType() || t.IsSetType():
				return t.ElementType(), nil
			case t.IsTupleType() && t.Length() == 1:
				return t.TupleElementType(0), nil
			case t.IsTupleType() && t.Length() == 0:
				return cty.DynamicPseudoType, nil
			}
			return cty.NilType, function.NewArgErrorf(0, "a list or set with at most one element is needed")
		},
		Impl: func(args []cty.Value, want cty.Type) (cty.Value, error) {
			n := args[0].Length()
			if !n.IsKnown() {
				return cty.UnknownVal(want), nil
			}
			switch args[0].LengthInt() {
			case 0:
				return cty.NullVal(want), nil
			case 1:
				it := args[0].ElementIterator()
				it.Next()
				_, v := it.Element()
				return v, nil
			}
			return cty.NilVal, function.NewArgErrorf(0, "there is more than one element")
		},
	})
}

func sum() function.Function {
	return function.New(&function.Spec{
		Description: "The sum of a list or set of numbers; of none, 0.",
		Params:      []function.Parameter{{Name: "numbers", Type: cty.List(cty.Number)}},
		Type:        function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			total := cty.Zero
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				if v.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "an element is null")
				}
				total = total.Add(v)
			}
			return total, nil
		},
	})
}

func matchKeys() function.Function {
	return function.New(&function.Spec{
		Description: "The values whose keys, at the same places, are among those searched for.",
		Params: []function.Parameter{
			{Name: "values", Type: cty.List(cty.DynamicPseudoType)},
			{Name: "keys", Type: cty.List(cty.DynamicPseudoType)},
			{Name: "searched", Type: cty.List(cty.DynamicPseudoType)},
		},
		Type: sameType,
		Impl: func(args []cty.Value, want cty.Type) (cty.Value, error) {
			if !args[1].IsWhollyKnown() || !args[2].IsWhollyKnown() {
				return cty.UnknownVal(want), nil
			}
			values, keys, searched := args[0].AsValueSlice(), args[1].AsValueSlice(), args[2].AsValueSlice()
			if len(values) != len(keys) {
				return cty.NilVal, errors.New("there must be as many values as keys")
			}
			wanted := map[int][]cty.Value{} // by hash
			for _, v := range searched {
				wanted[v.Hash()] = append(wanted[v.Hash()], v)
			}
			var out []cty.Value
			for i, key := range keys {
				if holds(wanted[key.Hash()], key) {
					out = append(out, values[i])
				}
			}
			if out == nil {
				return cty.ListValEmpty(want.ElementType()), nil
			}
			return cty.ListVal(out), nil
		},
	})
}

func transpose() function.Function {
	lists := cty.Map(cty.List(cty.String))
	return function.New(&function.Spec{
		Description: "Turns a map of lists of texts around: the texts become keys, and the keys their lists.",
		Params:      []function.Parameter{{Name: "map", Type: lists}},
		Type:        function.StaticReturnType(lists),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(lists), nil
			}
			turned := map[string][]cty.Value{}
			for it := args[0].ElementIterator(); it.Next(); {
				key, list := it.Element()
				for in := list.ElementIterator(); in.Next(); {
					_, v := in.Element()
					if v.IsNull() {
						return cty.NilVal, function.NewArgErrorf(0, "a text is null")
					}
					turned[v.AsString()] = append(turned[v.AsString()], key)
				}
			}
			if len(turned) == 0 {
				return cty.MapValEmpty(cty.List(cty.String)), nil
			}
			out := map[string]cty.Value{}
			for k, list := range turned {
				out[k] = cty.ListVal(list)
			}
			return cty.MapVal(out), nil
		},
	})
}
