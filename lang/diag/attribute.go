package diag

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// maxNamed bounds how many names are listed where none is near.
const maxNamed = 20

// attributeHint says which attributes there are, for a diagnostic of HCL about one that an object lacks: the near one, or else all
// if they are few. It begins with a space, and is "" for all other diagnostics. Of a marked object, which may hold secrets, it says
// nothing.
func attributeHint(d *hcl.Diagnostic) string {
	if d.Summary != "Unsupported attribute" || d.Expression == nil || d.EvalContext == nil {
		return ""
	}
	for _, t := range d.Expression.Variables() {
		for i, step := range t {
			if a, ok := step.(hcl.TraverseAttr); ok && i > 0 && a.SrcRange == *d.Subject {
				return hintFor(a.Name, t[:i], d.EvalContext)
			}
		}
	}
	return ""
}

// functionHint says how what other languages have a function for is done here, for a diagnostic of HCL about an unknown one. It begins
// with a space, and is "" for all other diagnostics.
func functionHint(d *hcl.Diagnostic) string {
	if d.Summary != "Call to unknown function" {
		return ""
	}
	_, rest, _ := strings.Cut(d.Detail, `"`)
	name, _, _ := strings.Cut(rest, `"`)
	switch name {
	case "file", "fileexists", "filebase64", "filesha256", "templatefile":
		return " Files are not read by expressions: a recipe copies one with the resource file, and fills one in with template."
	case "env", "getenv":
		return " The environment is not read by expressions: declare a variable, whose value is taken from RECIPE_VAR_NAME."
	case "timestamp", "uuid", "bcrypt", "random_password":
		return " A function gives the same value always; a random text is a secret block of a recipe."
	}
	return ""
}

// hintFor is the hint about the attribute name of the object that t leads to.
func hintFor(name string, t hcl.Traversal, ctx *hcl.EvalContext) string {
	object, diags := t.TraverseAbs(ctx)
	if diags.HasErrors() || object == cty.NilVal || object.IsMarked() || !object.Type().IsObjectType() {
		return ""
	}
	names := slices.Sorted(maps.Keys(object.Type().AttributeTypes()))
	if hint := DidYouMean(name, names); hint != "" {
		return hint
	}
	if len(names) == 0 || len(names) > maxNamed {
		return ""
	}
	return " Known are: " + strings.Join(names, ", ") + "."
}
