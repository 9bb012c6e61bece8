package wire_test

import (
	"bytes"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Everything that a schema can say arrives. A field that is added to the sdk and not to the protocol shows here.
func TestSchemaArrives(t *testing.T) {
	full := sdk.Attribute{Type: cty.Map(cty.List(cty.Number)), Description: "x"}
	fields := reflect.TypeFor[sdk.Attribute]()
	attributes := map[string]sdk.Attribute{"plain": full, "default": {Type: cty.Number, Default: cty.MustParseNumberVal("12345678901234567890.5")}}
	for i := range fields.NumField() {
		if fields.Field(i).Type.Kind() == reflect.Bool {
			a := full
			reflect.ValueOf(&a).Elem().Field(i).SetBool(true)
			a.Computed = a.Computed || a.Stable
			attributes[strings.ToLower(fields.Field(i).Name)] = a
		}
	}
	want := sdk.Schema{Types: map[string]sdk.TypeSchema{
		"thing": {Description: "A thing.", Attributes: attributes, Patience: time.Minute},
		"other": {Machine: true, Attributes: map[string]sdk.Attribute{}},
		"third": {Shared: true, Attributes: map[string]sdk.Attribute{}},
		"last":  {Data: true, Attributes: map[string]sdk.Attribute{}},
		"wise":  {Plans: true, Attributes: map[string]sdk.Attribute{}},
	}}
	m, err := wire.FromSchema(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.ToSchema(m)
	if err != nil {
		t.Fatal(err)
	}
	arrived(t, got, want)
	// As the text that lies in packages, too.
	text, err := wire.WriteSchema(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err = wire.ReadSchema(text); err != nil {
		t.Fatal(err)
	}
	arrived(t, got, want)
	if again, err := wire.WriteSchema(got); err != nil || !bytes.Equal(again, text) {
		t.Errorf("written again it is\n%s\nand not\n%s", again, text)
	}
}

// Of a schema in a package that cannot be used it is told why.
func TestWrongSchemaText(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "cannot read the schema: EOF",
		`{"format":1,"types":{}} {}`:      "something stands behind the schema",
		`{"format":2,"types":{}}`:         "written in format 2",
		`{"format":1,"types":{"a b":{}}}`: `"a b" is no name for a type`,
		`{"format":1,"types":{"a":{"attributes":{"b":{"type":"text"}}}}}`:                                          "cannot read its type",
		`{"format":1,"types":{"a":{"attributes":{"b":{"type":` + strings.Repeat(`["list",`, 100) + `"string"`:      "unexpected EOF",
		`{"format":1,"types":{"a":{"attributes":{"b":{"type":"string","required":true,"default":"x"}}}}}`:          "a default has no use",
		`{"format":1,"types":{"a":{"attributes":{"b":{"type":"number","default":1e999999999}}}}}`:                  "number out of reach",
		`{"format":1,"types":{"a":{"patience":4000000000,"attributes":{}}}}`:                                       "its patience is",
		`{"format":1,"types":{"a":{"description":"` + strings.Repeat("x", wire.MaxSchema) + `","attributes":{}}}}`: "at most",
	} {
		if _, err := wire.ReadSchema([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %q", text, err, want)
		}
	}
}

// arrived demands that a schema is the same as another.
func arrived(t *testing.T, got, want sdk.Schema) {
	t.Helper()
	for name := range want.Types {
		if !reflect.DeepEqual(withoutDefaults(got.Types[name]), withoutDefaults(want.Types[name])) {
			t.Errorf("%s arrives as %+v, not %+v", name, got.Types[name], want.Types[name])
		}
	}
	if got := got.Types["thing"].Attributes["default"].Default; !got.RawEquals(want.Types["thing"].Attributes["default"].Default) {
		t.Errorf("the default arrives as %#v", got)
	}
}

func withoutDefaults(s sdk.TypeSchema) sdk.TypeSchema {
	s.Attributes = maps.Clone(s.Attributes)
	for name, a := range s.Attributes {
		a.Default = cty.NilVal
		s.Attributes[name] = a
	}
	return s
}

// Values of any shape arrive as they were.
func TestValuesArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := value(t, 3)
		text, err := wire.FromValue(want, want.Type())
		if err != nil {
			t.Fatal(err)
		}
		got, err := wire.ToValue(text, want.Type())
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !got.RawEquals(want) {
			t.Fatalf("%#v arrives as %#v", want, got)
		}
	})
}

// value draws a value whose parts nest at most depth deep.
func value(t *rapid.T, depth int) cty.Value {
	switch kind := rapid.IntRange(0, 3+3*min(depth, 1)).Draw(t, "kind"); kind {
	case 0:
		return cty.StringVal(rapid.String().Draw(t, "string"))
	case 1:
		return cty.NumberFloatVal(float64(rapid.Int32().Draw(t, "number")) / 8)
	case 2:
		return cty.BoolVal(rapid.Bool().Draw(t, "bool"))
	case 3:
		return cty.NullVal(cty.String)
	case 4:
		part := value(t, depth-1)
		return cty.ListVal([]cty.Value{part, part})
	case 5:
		return cty.MapVal(map[string]cty.Value{rapid.String().Draw(t, "key"): value(t, depth-1)})
	default:
		return cty.ObjectVal(map[string]cty.Value{"a": value(t, depth-1), "b": value(t, depth-1)})
	}
}

// What is short and costs much is refused, and so is what does not fit.
func TestBadValues(t *testing.T) {
	numbers := cty.List(cty.Number)
	for name, bad := range map[string]struct {
		text string
		ty   cty.Type
		want string
	}{
		"many":           {"[" + strings.Repeat("1,", 200_000) + "1]", numbers, "more than 100000 parts"},
		"deep":           {strings.Repeat("[", 100) + strings.Repeat("]", 100), cty.DynamicPseudoType, "nested more than 64 deep"},
		"long number":    {"[" + strings.Repeat("1", 1000) + "]", numbers, "more than 512 characters"},
		"long string":    {`["` + strings.Repeat("1", 1000) + `"]`, numbers, "more than 512 characters"},
		"huge number":    {"[1e99999999]", numbers, "out of reach"},
		"huge string":    {`["1e99999999"]`, numbers, "out of reach"},
		"garbage":        {"\x00\x01", cty.String, "no JSON"},
		"another type":   {`{"a":[true]}`, cty.Object(map[string]cty.Type{"a": numbers}), "at a[0]"},
		"too many":       {`{"a":"x","b":"y"}`, cty.Object(map[string]cty.Type{"a": cty.String}), `unsupported attribute "b"`},
		"with something": {`"a" "b"`, cty.String, "no JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := wire.ToValue([]byte(bad.text), bad.ty)
			if err == nil || !strings.Contains(err.Error(), bad.want) {
				t.Errorf("got %#v, %v; want an error with %q", v, err, bad.want)
			}
		})
	}
}

func TestBadSchemas(t *testing.T) {
	attribute := func(a *protocol.Attribute) *protocol.SchemaResponse {
		return &protocol.SchemaResponse{Types: map[string]*protocol.Type{"thing": {Attributes: map[string]*protocol.Attribute{"a": a}}}}
	}
	text := []byte(`"string"`)
	for want, bad := range map[string]*protocol.SchemaResponse{
		`"a b" is no name`:                    {Types: map[string]*protocol.Type{"a b": {}}},
		"patience":                            {Types: map[string]*protocol.Type{"thing": {PatienceSeconds: 4000}}},
		`attribute "a": cannot read its type`: attribute(&protocol.Attribute{Type: []byte(`"text"`)}),
		"nested more than":                    attribute(&protocol.Attribute{Type: []byte(strings.Repeat(`["list",`, 100))}),
		"both required and computed":          attribute(&protocol.Attribute{Type: text, Required: true, Computed: true}),
		"has to be computed":                  attribute(&protocol.Attribute{Type: text, Stable: true}),
		"its default":                         attribute(&protocol.Attribute{Type: text, Default: []byte(`{}`)}),
		"a default has no use":                attribute(&protocol.Attribute{Type: text, Default: []byte(`"x"`), Required: true}),
	} {
		if _, err := wire.ToSchema(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestDiagnosticsArrive(t *testing.T) {
	want := sdk.Diagnostics{
		{Summary: "no", Detail: "two\nlines", Path: cty.GetAttrPath("a").IndexString("b").IndexInt(3)},
		{Severity: sdk.Warning, Summary: "hm"},
	}
	if got := wire.ToDiagnostics(wire.FromDiagnostics(want)); !reflect.DeepEqual(got, want) {
		t.Errorf("they arrive as %+v", got)
	}
	if got := wire.Text("a\x1b[31mb"+strings.Repeat("ö", 10), 12); strings.ContainsRune(got, '\x1b') || len(got) > 24 {
		t.Errorf("a text comes through as %q", got)
	}
}

func FuzzToValue(f *testing.F) {
	f.Add([]byte(`{"a":[1,"2"],"b":{"value":[true],"type":["list","bool"]}}`))
	f.Add([]byte(`[1e9`))
	ty := cty.Object(map[string]cty.Type{"a": cty.List(cty.Number), "b": cty.DynamicPseudoType})
	f.Fuzz(func(t *testing.T, text []byte) {
		if v, err := wire.ToValue(text, ty); err == nil && v != cty.NilVal && !v.IsNull() && v.Type().TestConformance(ty) != nil {
			t.Errorf("%q is read as %#v", text, v)
		}
	})
}
