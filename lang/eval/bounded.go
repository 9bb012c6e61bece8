package eval

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// The bounds of what a local may hold. Locals build on each other, so without them each could double the one before
// until the memory is gone.
const (
	maxText     = 256 << 10 // bytes of all strings in it
	maxElements = 20_000    // of all collections in it
)

// bounded evaluates a local within the bounds.
func bounded(e hcl.Expression, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := e.Value(ctx)
	if diags.HasErrors() {
		return v, diags
	}
	text, elements := 0, 0
	if !within(v, &text, &elements) {
		return cty.DynamicVal, append(diags, fail(e.Range(), "Value too large",
			"A local may hold %d KiB of text and %d elements. Put large content into a payload file.", maxText>>10, maxElements)...)
	}
	return v, diags
}

// within counts what v holds and stops at the bounds.
func within(v cty.Value, text, elements *int) bool {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() {
		return true
	}
	switch ty := v.Type(); {
	case ty == cty.String:
		*text += len(v.AsString())
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next(); {
			*elements++
			if _, element := it.Element(); !within(element, text, elements) {
				return false
			}
		}
	}
	return *text <= maxText && *elements <= maxElements
}
