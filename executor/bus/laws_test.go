package bus

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

// A user of the bus keeps all promises.
func TestLaws(t *testing.T) {
	plugintest.Run(t, sdktest.Suite{Provider: Provider(), Type: "bus_user", Cases: []sdktest.Case{{Name: "user", New: func(t *testing.T) sdktest.Thing {
		dir := t.TempDir()
		set := func(name, password string) sdktest.Values {
			return sdktest.Values{"directory": cty.StringVal(dir), "username": cty.StringVal(name), "password": cty.StringVal(password)}
		}
		return sdktest.Thing{
			Create: set("app1", password), Updates: []sdktest.Values{set("app1", password+"2")}, Wrong: []sdktest.Values{set("a/b", password)},
			Observe: func() any {
				found, err := hasUser(dir, "app1")
				return []any{found, err == nil}
			},
			Damage: func() { mustAdd(t, dir, "app1", "another") },
		}
	}}}})
}
