// Package format lays out .hcl files in the one usual way.
package format

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/nsynapse/recipe/lang/config"
)

// Format returns src laid out: indentation, spaces and alignment, nothing else. A file that does not parse is
// refused. Formatting what was formatted changes nothing.
func Format(src []byte, filename string) ([]byte, hcl.Diagnostics) {
	if diags := config.CheckSyntax(src, filename); diags.HasErrors() {
		return nil, diags
	}
	return hclwrite.Format(src), nil
}
