// Package format lays out .hcl files in the one canonical way: what `recipe fmt` does.
package format

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/nsynapse/recipe/lang/config"
)

// Format returns src in canonical layout: two spaces for each level, equal signs of neighbours below each other, one
// newline at the end. Only space changes. A file that does not parse is refused with the mistakes, since its layout
// could change its meaning; so is one beyond the limits of package config, and JSON, which has tools of its own.
// Formatting what is formatted changes nothing.
func Format(src []byte, filename string) ([]byte, hcl.Diagnostics) {
	if strings.HasSuffix(filename, ".json") {
		return nil, hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Not formatted",
			Detail:   filename + " is JSON; only .hcl files are formatted.",
		}}
	}
	if diags := config.CheckLimits(src, filename); diags.HasErrors() {
		return nil, diags
	}
	if _, diags := hclsyntax.ParseConfig(src, filename, hcl.InitialPos); diags.HasErrors() {
		return nil, config.Shorten(diags, src)
	}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	out := hclwrite.Format(bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")))
	out = bytes.TrimRight(out, " \t\n")
	if len(out) > 0 {
		out = append(out, '\n')
	}
	return out, nil
}
