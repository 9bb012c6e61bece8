package deb_test

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/builtin/deb"
)

// wish is a value as the user writes it.
func wish(packages []string, exclude ...string) cty.Value {
	excluded := cty.NullVal(cty.List(cty.String))
	if exclude != nil {
		excluded = list(exclude)
	}
	return cty.ObjectVal(map[string]cty.Value{
		"packages": list(packages), "exclude": excluded,
		"path": cty.NullVal(cty.String), "resolved": cty.NullVal(cty.List(cty.String)),
	})
}

func list(texts []string) cty.Value {
	all := make([]cty.Value, len(texts))
	for i, text := range texts {
		all[i] = cty.StringVal(text)
	}
	return cty.ListVal(all)
}

func resolved(v cty.Value) []string {
	var all []string
	for _, e := range v.GetAttr("resolved").AsValueSlice() {
		all = append(all, e.AsString())
	}
	return all
}

func none() cty.Value { return cty.NullVal(deb.Schema().Object()) }
