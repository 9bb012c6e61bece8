package archive_test

import (
	"archive/tar"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/builtin/archive"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

// alone is a provider of the one type.
type alone struct{ resource sdk.Resource }

func (alone) Schema() sdk.Schema {
	return sdk.Schema{Types: map[string]sdk.TypeSchema{"archive": archive.Schema()}}
}

func (a alone) Resource(string) sdk.Resource { return a.resource }

// An archive keeps all promises.
func TestLaws(t *testing.T) {
	r, _ := newType(t)
	names := 0
	plugintest.Run(t, sdktest.Suite{Provider: alone{r}, Type: "archive", Cases: []sdktest.Case{{Name: "tar", New: func(t *testing.T) sdktest.Thing {
		names++
		content := tarOf(t, toGzip, tar.Header{Name: "tool", Typeflag: tar.TypeReg, Size: int64(100 + names), Mode: 0o755})
		source, checksum := publish(t, content)
		return sdktest.Thing{
			Create: sdktest.Values{"source": cty.StringVal(source), "checksum": cty.StringVal(checksum)},
			Wrong:  []sdktest.Values{{"source": cty.StringVal("file:///no/such/archive"), "checksum": cty.StringVal(checksum)}},
		}
	}}}})
}
