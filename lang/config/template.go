package config

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// heredocEnd ends the heredoc that a template is measured as; a template holding it as a line would be measured
// short, and is refused.
const heredocEnd = "RECIPE_TEMPLATE_END"

// ParseTemplate parses a payload file as a template, within the limits of a recipe.
func ParseTemplate(src []byte, filename string) (hcl.Expression, hcl.Diagnostics) {
	if bytes.Contains(src, []byte(heredocEnd)) {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Reserved word", Detail: filename + " holds the word " + heredocEnd + ", which no template can."}}
	}
	if len(src) > maxRecipeBytes {
		return nil, tooBig(filename, maxRecipeBytes)
	}
	opening := "x = <<" + heredocEnd + "\n"
	wrapped := make([]byte, 0, len(opening)+len(src)+len(heredocEnd)+2)
	wrapped = append(wrapped, opening...)
	wrapped = append(wrapped, src...)
	wrapped = append(wrapped, "\n"+heredocEnd+"\n"...)
	if err := measure(wrapped); err != nil {
		err.offset -= len(opening)
		return nil, hcl.Diagnostics{err.diagnostic(src, filename)}
	}
	return hclsyntax.ParseTemplate(src, filename, hcl.InitialPos)
}
