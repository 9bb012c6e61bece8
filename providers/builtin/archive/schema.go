package archive

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// Schema describes the type "archive".
func Schema() sdk.TypeSchema {
	return sdk.TypeSchema{
		Description: "A tar archive (plain, gzip, xz, zstd, bzip2), a zip archive or a git commit, unpacked into the store.",
		Shared:      true,
		Attributes: map[string]sdk.Attribute{
			"source":   {Type: cty.String, Required: true, Description: "Where it is: an http, https or file address, or git::<address>[//directory]."},
			"checksum": {Type: cty.String, Required: true, Description: `What it is: "sha256:" and the digest of the archive, or "git:" and the full id of the commit.`},
			"strip":    {Type: cty.Number, Default: cty.NumberIntVal(0), Description: "How many leading directories of the names in the archive are dropped."},
			"path":     {Type: cty.String, Computed: true, Description: "The directory of the store that it is unpacked in."},
		},
	}
}
