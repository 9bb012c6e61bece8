package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// ParseExpression parses one expression that does not come from a file, within the limits of a recipe.
func ParseExpression(src []byte, from string) (hcl.Expression, hcl.Diagnostics) {
	wrapped := append([]byte("x = "), src...)
	if diags := checkLimits(append(wrapped, '\n'), from, maxRecipeBytes); diags.HasErrors() {
		return nil, diags
	}
	e, diags := hclsyntax.ParseExpression(src, from, hcl.InitialPos)
	if e != nil {
		meterLoops(e)
	}
	return e, diags
}

// ParseBody parses a file of values, HCL or JSON by its name, within the limits of a recipe.
func ParseBody(src []byte, filename string) (hcl.Body, hcl.Diagnostics) {
	if diags := checkLimits(src, filename, maxRecipeBytes); diags.HasErrors() {
		return nil, diags
	}
	body, diags := parseText(src, filename)
	if diags.HasErrors() {
		return nil, Shorten(diags, src)
	}
	return body, diags
}
