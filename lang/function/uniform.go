package function

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// elements returns the elements of a tuple whose types are all the same. cty compares each element's type with each
// other's when it makes a list or set of a tuple, which takes seconds for ten thousand elements; for these no
// comparison is needed.
func elements(v cty.Value) ([]cty.Value, bool) {
	t := v.Type()
	if v.IsNull() || !v.IsKnown() || !t.IsTupleType() || t.Length() == 0 {
		return nil, false
	}
	types := t.TupleElementTypes()
	for _, other := range types[1:] {
		if !other.Equals(types[0]) {
			return nil, false
		}
	}
	return v.AsValueSlice(), types[0] != cty.DynamicPseudoType
}

// listOf is a list, set or tuple as a list.
func listOf(v cty.Value) (cty.Value, error) {
	if vals, ok := elements(v); ok {
		return cty.ListVal(vals), nil
	}
	return convert.Convert(v, cty.List(cty.DynamicPseudoType))
}

func toList() function.Function {
	return collector(stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)), cty.List, cty.ListVal)
}

func toSet() function.Function {
	return collector(stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), cty.Set, cty.SetVal)
}

// collector is a conversion with a short way for tuples of one type.
func collector(slow function.Function, typ func(cty.Type) cty.Type, make func([]cty.Value) cty.Value) function.Function {
	value := anything("value")
	return function.New(&function.Spec{
		Description: slow.Description(),
		Params:      []function.Parameter{value},
		Type: func(args []cty.Value) (cty.Type, error) {
			v, _ := args[0].Unmark()
			if vals, ok := elements(v); ok {
				return typ(vals[0].Type()), nil
			}
			return slow.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, marks := args[0].Unmark()
			if vals, ok := elements(v); ok {
				return make(vals).WithMarks(marks), nil
			}
			return slow.Call(args)
		},
	})
}

// distinct keeps the first of equal elements. It finds them by their hashes; cty's own compares all with all.
func distinct() function.Function {
	return function.New(&function.Spec{
		Description: "The elements of a list without repetitions.",
		Params:      []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type: func(args []cty.Value) (cty.Type, error) {
			list, err := listOf(args[0])
			if err != nil {
				return cty.NilType, function.NewArgErrorf(0, "a list is needed")
			}
			return list.Type(), nil
		},
		Impl: func(args []cty.Value, want cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(want), nil
			}
			list, err := listOf(args[0])
			if err != nil {
				return cty.NilVal, err
			}
			seen := map[int][]cty.Value{}
			var out []cty.Value
			for it := list.ElementIterator(); it.Next(); {
				_, v := it.Element()
				hash := v.Hash()
				if !holds(seen[hash], v) {
					seen[hash] = append(seen[hash], v)
					out = append(out, v)
				}
			}
			if out == nil {
				return list, nil
			}
			return cty.ListVal(out), nil
		},
	})
}

func holds(values []cty.Value, v cty.Value) bool {
	for _, other := range values {
		if other.RawEquals(v) {
			return true
		}
	}
	return false
}
