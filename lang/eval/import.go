package eval

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// taking is the wanted value of a thing that is taken over by its id.
func (n *Desired) taking(wanted cty.Value, id string) (cty.Value, hcl.Diagnostics) {
	parts := wanted.AsValueMap()
	written, ok := parts[sdk.ImportAttribute]
	if !ok {
		return wanted, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Nothing to take over", Subject: n.Range.Ptr(),
			Detail: fmt.Sprintf("A thing of the type %s cannot be taken over by an id.", n.Type)}}
	}
	if plain, _ := written.Unmark(); !plain.IsNull() && (!plain.IsKnown() || plain.AsString() != id) {
		return wanted, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Two ids", Subject: n.Range.Ptr(),
			Detail: fmt.Sprintf("The recipe says which thing is taken over with %s, and it is not %q. Remove it there.", sdk.ImportAttribute, id)}}
	}
	parts[sdk.ImportAttribute] = cty.StringVal(id)
	return cty.ObjectVal(parts), nil
}
