package plan

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// kind is a resource type with what is worked out once for all of its resources.
type kind struct {
	sdk.TypeSchema
	object     cty.Type
	attributes []string // sorted
	computed   []string // those of them that the provider may set, sorted
	sensitive  bool     // whether any of them always is
}

func kindsOf(types map[string]sdk.TypeSchema) map[string]*kind {
	kinds := make(map[string]*kind, len(types))
	for name, schema := range types {
		k := &kind{TypeSchema: schema, object: schema.Object()}
		for attribute, a := range schema.Attributes {
			k.attributes = append(k.attributes, attribute)
			if a.Computed {
				k.computed = append(k.computed, attribute)
			}
			k.sensitive = k.sensitive || a.Sensitive
		}
		slices.Sort(k.attributes)
		slices.Sort(k.computed)
		kinds[name] = k
	}
	return kinds
}

// open reports whether v leaves the attribute of that name to the provider.
func (k *kind) open(name string, v cty.Value) bool {
	return k.Attributes[name].Computed && missing(v)
}

// missing reports whether v is null, marked or not.
func missing(v cty.Value) bool {
	v, _ = v.Unmark()
	return v.IsNull()
}
