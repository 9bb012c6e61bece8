package typed

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/nsynapse/recipe/providers/sdk"
)

// attributesOf reads the tags of T.
func attributesOf[T any]() (map[string]sdk.Attribute, error) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is no struct", t)
	}
	all := map[string]sdk.Attribute{}
	for i := range t.NumField() {
		field := t.Field(i)
		name := field.Tag.Get("cty")
		if name == "" {
			return nil, fmt.Errorf("the field %s has no tag cty with the attribute's name", field.Name)
		}
		a, err := attributeOf(field)
		if err != nil {
			return nil, fmt.Errorf("the field %s: %w", field.Name, err)
		}
		all[name] = a
	}
	return all, nil
}

func attributeOf(field reflect.StructField) (sdk.Attribute, error) {
	a := sdk.Attribute{Description: field.Tag.Get("doc")}
	var err error
	if a.Type, err = gocty.ImpliedType(reflect.Zero(field.Type).Interface()); err != nil {
		return a, err
	}
	for word := range strings.SplitSeq(field.Tag.Get("recipe"), ",") {
		if word == "" {
			continue
		}
		flag := flagOf(&a, strings.TrimSpace(word))
		if flag == nil {
			return a, fmt.Errorf("its tag recipe has the word %q; there is required, computed, sensitive, replace, stable and restart", word)
		}
		*flag = true
	}
	if text, ok := field.Tag.Lookup("default"); ok {
		if a.Default, err = defaultOf(text, a.Type); err != nil {
			return a, fmt.Errorf("its default: %w", err)
		}
	}
	return a, nil
}

func flagOf(a *sdk.Attribute, word string) *bool {
	switch word {
	case "required":
		return &a.Required
	case "computed":
		return &a.Computed
	case "sensitive":
		return &a.Sensitive
	case "replace":
		return &a.Replace
	case "stable":
		return &a.Stable
	case "restart":
		return &a.Restart
	}
	return nil
}

func defaultOf(text string, ty cty.Type) (cty.Value, error) {
	if ty == cty.String {
		return cty.StringVal(text), nil
	}
	return ctyjson.Unmarshal([]byte(text), ty)
}
