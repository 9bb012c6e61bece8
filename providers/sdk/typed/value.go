package typed

import (
	"fmt"
	"reflect"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"
)

// fromValue makes a struct of a value; nil of null.
func fromValue[T any](v cty.Value) (*T, error) {
	if v.IsNull() {
		return nil, nil
	}
	var made T
	to := reflect.ValueOf(&made).Elem()
	for i := range to.NumField() {
		name := to.Type().Field(i).Tag.Get("cty")
		part := v.GetAttr(name)
		if part.IsNull() {
			continue // the zero value
		}
		if err := gocty.FromCtyValue(part, to.Field(i).Addr().Interface()); err != nil {
			return nil, fmt.Errorf("the attribute %s does not fit the field: %w", name, err)
		}
	}
	return &made, nil
}

// toValue makes a value of the type ty of a struct; null of nil. A zero stands for null where like has null, unless the
// attribute is computed: then it is a value like any other.
func toValue[T any](made *T, like cty.Value, ty cty.Type, computed func(name string) bool) (cty.Value, error) {
	if made == nil {
		return cty.NullVal(ty), nil
	}
	from := reflect.ValueOf(made).Elem()
	all := map[string]cty.Value{}
	for i := range from.NumField() {
		name := from.Type().Field(i).Tag.Get("cty")
		part := ty.AttributeType(name)
		if from.Field(i).IsZero() && !computed(name) && (like.IsNull() || like.GetAttr(name).IsNull()) {
			all[name] = cty.NullVal(part)
			continue
		}
		v, err := gocty.ToCtyValue(from.Field(i).Interface(), part)
		if err != nil {
			return cty.NilVal, fmt.Errorf("the field of the attribute %s does not fit its type: %w", name, err)
		}
		all[name] = v
	}
	return cty.ObjectVal(all), nil
}
