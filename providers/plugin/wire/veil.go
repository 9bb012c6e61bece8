package wire

import (
	"fmt"
	"strconv"

	"github.com/zclconf/go-cty/cty"
)

// veil makes the parts of v unknown that the ways lead to.
func veil(v cty.Value, ways [][]string) (cty.Value, error) {
	next := map[string][][]string{} // the rest of the ways, by their first step
	for _, way := range ways {
		if len(way) == 0 {
			if !v.IsNull() {
				return v, fmt.Errorf("it is given, too")
			}
			return cty.UnknownVal(v.Type()), nil
		}
		next[way[0]] = append(next[way[0]], way[1:])
	}
	if len(next) == 0 {
		return v, nil
	}
	if v.IsNull() {
		return v, fmt.Errorf("it is in something that is not there")
	}
	switch ty := v.Type(); {
	case ty.IsObjectType(), ty.IsMapType():
		return veilNamed(v, next)
	case ty.IsListType(), ty.IsTupleType():
		return veilPlaces(v, next)
	default:
		return v, fmt.Errorf("there is no way into a %s", ty.FriendlyName())
	}
}

func veilNamed(v cty.Value, ways map[string][][]string) (cty.Value, error) {
	parts := v.AsValueMap()
	for name, rest := range ways {
		part, ok := parts[name]
		if !ok {
			return v, fmt.Errorf("there is no %q", Text(name, 100))
		}
		var err error
		if parts[name], err = veil(part, rest); err != nil {
			return v, fmt.Errorf("in %q: %w", Text(name, 100), err)
		}
	}
	if v.Type().IsMapType() {
		return cty.MapVal(parts), nil
	}
	return cty.ObjectVal(parts), nil
}

func veilPlaces(v cty.Value, ways map[string][][]string) (cty.Value, error) {
	parts := v.AsValueSlice()
	for place, rest := range ways {
		i, err := strconv.Atoi(place)
		if err != nil || i < 0 || i >= len(parts) {
			return v, fmt.Errorf("there is no place %q among %d", Text(place, 100), len(parts))
		}
		if parts[i], err = veil(parts[i], rest); err != nil {
			return v, fmt.Errorf("at %d: %w", i, err)
		}
	}
	if v.Type().IsListType() {
		return cty.ListVal(parts), nil
	}
	return cty.TupleVal(parts), nil
}
