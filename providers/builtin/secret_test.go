package builtin_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
	"github.com/zclconf/go-cty/cty"
)

func TestSecret(t *testing.T) {
	length := func(n int64) sdktest.Values { return sdktest.Values{"length": cty.NumberIntVal(n)} }
	plugintest.Run(t, sdktest.Suite{Provider: builtin.New(builtin.Options{}), Type: "secret", Remembered: true, Cases: []sdktest.Case{
		{Name: "default", New: func(*testing.T) sdktest.Thing { return sdktest.Thing{} }},
		{Name: "long", New: func(*testing.T) sdktest.Thing {
			return sdktest.Thing{Create: length(64), Wrong: []sdktest.Values{length(15), length(1025), {"length": cty.NumberFloatVal(16.5)}, {"length": cty.NullVal(cty.Number)}}}
		}},
	}})
}

func TestSecretText(t *testing.T) {
	o := newOne(t, builtin.Options{}, "secret")
	a, b := o.create(nil).GetAttr("value").AsString(), o.create(nil).GetAttr("value").AsString()
	if a == b || len(a) != 33 || strings.ContainsAny(a+b, "0O1lI-_/+") {
		t.Errorf("secrets %q and %q", a, b)
	}
	// Bytes that would make some letters likelier are passed over.
	o = newOne(t, builtin.Options{Random: bytes.NewReader(append(bytes.Repeat([]byte{228}, 100), make([]byte, 33)...))}, "secret")
	if got := o.create(nil).GetAttr("value").AsString(); got != strings.Repeat("2", 33) {
		t.Errorf("secret from known bytes: %q", got)
	}
	o = newOne(t, builtin.Options{Random: strings.NewReader("too short")}, "secret")
	o.refuse(nil)
}
