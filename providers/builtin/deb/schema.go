package deb

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// Schema describes the type "deb".
func Schema() sdk.TypeSchema {
	list := cty.List(cty.String)
	return sdk.TypeSchema{
		Description: "Packages of the machine's Debian-like distribution and what they depend on, unpacked into the store; nothing is installed on the machine.",
		Shared:      true,
		Attributes: map[string]sdk.Attribute{
			"packages": {Type: list, Required: true, Description: "Names of packages, or name=version.", Check: checkPackages},
			"exclude":  {Type: list, Description: "Packages that are not needed here, though others depend on them."},
			"path":     {Type: cty.String, Computed: true, Description: "The directory of the store that the packages are unpacked in."},
			"resolved": {Type: list, Computed: true, Description: "All packages in it, as name=version. They stay the same until packages or exclude change, or a lock file has others."},
		},
	}
}
