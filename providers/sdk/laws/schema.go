package laws

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

// schemaFaults returns what is wrong with the description of a type.
func schemaFaults(t sdk.TypeSchema) []error {
	var faults []error
	if t.Description == "" {
		faults = append(faults, fmt.Errorf("the type has no description"))
	}
	for _, name := range slices.Sorted(maps.Keys(t.Attributes)) {
		for _, what := range attributeFaults(name, t.Attributes[name]) {
			faults = append(faults, fmt.Errorf("attribute %q %s", name, what))
		}
	}
	return faults
}

func attributeFaults(name string, a sdk.Attribute) []string {
	var faults []string
	rule := func(broken bool, text string) {
		if broken {
			faults = append(faults, text)
		}
	}
	rule(!hclsyntax.ValidIdentifier(name), "is not an identifier")
	rule(a.Type == cty.NilType, "has no type")
	rule(a.Description == "", "has no description")
	rule(a.Required && a.Computed, "is both required and computed")
	rule(a.Stable && !a.Computed, "is stable and not computed")
	if a.Default != cty.NilVal {
		rule(a.Required || a.Computed, "has a default that is never taken")
		rule(!a.Default.Type().Equals(a.Type), "has a default of another type")
		rule(!a.Default.IsWhollyKnown(), "has an unknown default")
	}
	return faults
}
