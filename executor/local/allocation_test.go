//go:build unix

package local_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/local"
	"github.com/nsynapse/recipe/executor/port"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

// The place of an instance keeps all promises.
func TestAllocation(t *testing.T) {
	box := local.New(local.Options{Ports: port.New(6000, 6999, 6000)})
	plugintest.Run(t, sdktest.Suite{Provider: box, Type: "allocation", Cases: []sdktest.Case{{Name: "two ports", New: func(t *testing.T) sdktest.Thing {
		dir := filepath.Join(t.TempDir(), "instances", "web.0")
		set := func(wanted map[string]cty.Value) sdktest.Values {
			return sdktest.Values{"component": cty.StringVal("app.web"), "directory": cty.StringVal(dir), "owner": cty.NumberIntVal(-1), "wanted": cty.MapVal(wanted)}
		}
		return sdktest.Thing{
			Create:  set(map[string]cty.Value{"web": cty.Zero, "admin": cty.Zero}),
			Updates: []sdktest.Values{set(map[string]cty.Value{"web": cty.Zero})},
			Observe: func() any {
				found, _ := filepath.Glob(filepath.Join(dir, "*")) // the pattern is ours
				return found
			},
			Damage: func() { _ = os.RemoveAll(dir) },
		}
	}}}})
}
