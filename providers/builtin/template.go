package builtin

import (
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

// templateSchema describes a file whose text the language has rendered already; the type file carries it out.
func templateSchema() sdk.TypeSchema {
	attributes := placeAttributes("file", "file", "0644")
	attributes["content"] = sdk.Attribute{Type: cty.String, Required: true,
		Description: "The rendered text. Filled in by the engine from source, a template of the package, and vars."}
	return sdk.TypeSchema{
		Description: "A file made from a template of the package. It is written as a file is.",
		Attributes:  attributes,
		OneOf:       []string{"content", "source"},
	}
}
