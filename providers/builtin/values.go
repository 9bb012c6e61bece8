package builtin

import (
	"errors"
	"fmt"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

// text returns a string attribute; "" if it is null.
func text(object cty.Value, name string) string {
	v := object.GetAttr(name)
	if v.IsNull() {
		return ""
	}
	return v.AsString()
}

// isSet reports whether an attribute is not null.
func isSet(object cty.Value, name string) bool { return !object.GetAttr(name).IsNull() }

// whole returns a number attribute that has to be an integer from least to most.
func whole(object cty.Value, name string, least, most int) (int, error) {
	v := object.GetAttr(name)
	if v.IsNull() {
		return 0, wrong(name, "is not set")
	}
	n, accuracy := v.AsBigFloat().Int64()
	if accuracy != 0 || n < int64(least) || n > int64(most) {
		return 0, wrong(name, "must be a whole number from %d to %d", least, most)
	}
	return int(n), nil
}

// list returns a list(string) attribute; nil if it is null. Null elements are "".
func list(object cty.Value, name string) []string {
	v := object.GetAttr(name)
	if v.IsNull() {
		return nil
	}
	var all []string
	for _, element := range v.AsValueSlice() {
		if element.IsNull() {
			all = append(all, "")
			continue
		}
		all = append(all, element.AsString())
	}
	return all
}

// table returns a map(string) attribute; nil if it is null. Null elements are left out.
func table(object cty.Value, name string) map[string]string {
	v := object.GetAttr(name)
	if v.IsNull() {
		return nil
	}
	all := make(map[string]string)
	for key, element := range v.AsValueMap() {
		if !element.IsNull() {
			all[key] = element.AsString()
		}
	}
	return all
}

// with returns object with one attribute changed.
func with(object cty.Value, name string, v cty.Value) cty.Value {
	all := object.AsValueMap()
	all[name] = v
	return cty.ObjectVal(all)
}

// attributeError is a mistake in one attribute.
type attributeError struct {
	name string
	text string
}

func (e attributeError) Error() string { return fmt.Sprintf("%q %s", e.name, e.text) }

func wrong(name, format string, args ...any) error {
	return attributeError{name, fmt.Errorf(format, args...).Error()}
}

// answer turns the outcome of a call into what sdk.Resource returns. The error's text goes to the user.
func answer(v cty.Value, summary string, err error) (cty.Value, sdk.Diagnostics) {
	if err == nil {
		return v, nil
	}
	diags := sdk.Errorf(summary, "%s", err)
	var attribute attributeError
	if errors.As(err, &attribute) {
		diags[0].Path = cty.GetAttrPath(attribute.name)
	}
	return v, diags
}
