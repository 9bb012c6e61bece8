package router

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/port"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk/laws"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

// An endpoint keeps all promises.
func TestLaws(t *testing.T) {
	e := NewEndpoints(port.New(5000, 5999, 5000), func(context.Context, string) error { return nil })
	plugintest.Run(t, sdktest.Suite{Provider: e, Type: "endpoint", Cases: []sdktest.Case{{Name: "any port", New: func(t *testing.T) sdktest.Thing {
		t.Cleanup(func() { forgetAll(t, e) }) // laws go on under the same addresses
		set := func(target string) sdktest.Values {
			return sdktest.Values{"component": cty.StringVal("middleware.main"), "target": cty.StringVal(target)}
		}
		return sdktest.Thing{Create: set("sql"), Updates: []sdktest.Values{set("admin"), set("sql")}}
	}}}})
}

// A route keeps all promises.
func TestRouteLaws(t *testing.T) {
	r := NewRoutes(Addresses{HTTP: "127.0.0.1:8080", HTTPS: "127.0.0.1:8443"}, func(context.Context, ...string) error { return nil })
	n := 0
	plugintest.Run(t, sdktest.Suite{Provider: r, Type: "route", Cases: []sdktest.Case{{Name: "a host", New: func(t *testing.T) sdktest.Thing {
		t.Cleanup(func() {
			for _, route := range r.List() {
				r.drop(route.Name)
			}
		})
		n++
		set := func(more sdktest.Values) sdktest.Values {
			v := sdktest.Values{"component": cty.StringVal("app.shop"), "target": cty.StringVal("web"), "host": cty.StringVal(fmt.Sprintf("shop%d.localhost", n))}
			maps.Copy(v, more)
			return v
		}
		return sdktest.Thing{Create: set(nil), Updates: []sdktest.Values{
			set(sdktest.Values{"strip": cty.True, "balance": cty.StringVal("hash"), "by": cty.StringVal("header:X-User"), "timeout": cty.StringVal("1m"), "limit": cty.NumberIntVal(3)}),
			set(sdktest.Values{"target": cty.StringVal("admin"), "retries": cty.Zero, "body_limit": cty.NumberIntVal(1000)}),
		}, Wrong: []sdktest.Values{set(sdktest.Values{"balance": cty.StringVal("luck")}), set(sdktest.Values{"timeout": cty.StringVal("soon")})}}
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
