package router

import (
	"context"
	"fmt"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/port"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk/laws"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

// An endpoint keeps all promises.
func TestLaws(t *testing.T) {
	e := NewEndpoints(port.New(18000, 18999, 18500), func(context.Context, string) error { return nil })
	plugintest.Run(t, sdktest.Suite{Provider: e, Type: "endpoint", Cases: []sdktest.Case{{Name: "any port", New: func(t *testing.T) sdktest.Thing {
		t.Cleanup(func() { forgetAll(t, e) }) // laws go on under the same addresses
		set := func(target string) sdktest.Values {
			return sdktest.Values{"component": cty.StringVal("middleware.main"), "target": cty.StringVal(target)}
		}
		return sdktest.Thing{Create: set("sql"), Updates: []sdktest.Values{set("admin"), set("sql")}}
	}}}})
}

// forgetAll takes away what a law has left.
func forgetAll(t *testing.T, e *Endpoints) {
	for n := range laws.Things {
		r := request(fmt.Sprintf("app.trial[%d].configure.endpoint.thing", n), wish(none, cty.NumberIntVal(1)), cty.NullVal(object(e)))
		r.Stack = "trial"
		apply(t, e, r)
	}
}
