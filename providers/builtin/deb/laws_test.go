package deb_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/builtin/deb"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

// alone is a provider of the one type.
type alone struct{ resource sdk.Resource }

func (alone) Schema() sdk.Schema {
	return sdk.Schema{Types: map[string]sdk.TypeSchema{"deb": deb.Schema()}}
}

func (a alone) Resource(string) sdk.Resource { return a.resource }

// Packages of the distribution keep all promises.
func TestLaws(t *testing.T) {
	r := shop(t)
	r.publish()
	m := newMachine(t, t.TempDir(), r.aptDir(r.key, ""))
	set := func(names ...string) sdktest.Values {
		return sdktest.Values{"packages": list(names), "exclude": cty.NullVal(cty.List(cty.String))}
	}
	plugintest.Run(t, sdktest.Suite{Provider: alone{m.deb}, Type: "deb", Cases: []sdktest.Case{{Name: "packages", New: func(*testing.T) sdktest.Thing {
		return sdktest.Thing{Create: set("real"), Updates: []sdktest.Values{set("real", "conf")}, Wrong: []sdktest.Values{set("no-such-package")}}
	}}}})
}
