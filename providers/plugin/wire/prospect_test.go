package wire_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
)

// Values arrive as they were, and what is unknown in them is unknown.
func TestProspectsArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := clouded(t, value(t, 3))
		m, err := wire.FromProspect(want, want.Type())
		if err != nil {
			t.Fatal(err)
		}
		got, err := wire.ToProspect(m, want.Type())
		if err != nil {
			t.Fatalf("%s without %s: %v", m.GetValue(), m.GetUnknown(), err)
		}
		if !got.RawEquals(want) {
			t.Fatalf("%#v arrives as %#v", want, got)
		}
	})
}

// clouded is v with some parts unknown.
func clouded(t *rapid.T, v cty.Value) cty.Value {
	v, err := cty.Transform(v, func(_ cty.Path, part cty.Value) (cty.Value, error) {
		if rapid.IntRange(0, 4).Draw(t, "cloud") == 0 {
			return cty.UnknownVal(part.Type()), nil
		}
		return part, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What cannot be said is left out: a part of a set, and what is known of what is unknown.
func TestWhatIsLeftOut(t *testing.T) {
	ty := cty.Object(map[string]cty.Type{"a": cty.Set(cty.String), "b": cty.String, "c": cty.DynamicPseudoType})
	m, err := wire.FromProspect(cty.ObjectVal(map[string]cty.Value{
		"a": cty.SetVal([]cty.Value{cty.StringVal("x"), cty.UnknownVal(cty.String)}),
		"b": cty.UnknownVal(cty.String).Refine().NotNull().StringPrefix("http").NewValue(),
		"c": cty.TupleVal([]cty.Value{cty.True, cty.UnknownVal(cty.Number)}),
	}), ty)
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.ToProspect(m, ty)
	if err != nil {
		t.Fatal(err)
	}
	want := cty.ObjectVal(map[string]cty.Value{"a": cty.UnknownVal(cty.Set(cty.String)), "b": cty.UnknownVal(cty.String),
		"c": cty.TupleVal([]cty.Value{cty.True, cty.UnknownVal(cty.Number)})})
	if !got.RawEquals(want) {
		t.Errorf("it arrives as %#v", got)
	}
	if m, err := wire.FromProspect(cty.NilVal, ty); m != nil || err != nil {
		t.Errorf("nothing is written as %v, %v", m, err)
	}
	if v, err := wire.ToProspect(nil, ty); v != cty.NilVal || err != nil {
		t.Errorf("nothing is read as %#v, %v", v, err)
	}
}

// The examples of plugin.proto, and what is wrong.
func TestUnknown(t *testing.T) {
	rule := cty.Object(map[string]cty.Type{"id": cty.Number})
	ty := cty.Object(map[string]cty.Type{"name": cty.String, "schema": cty.String, "rules": cty.List(rule), "tags": cty.Set(cty.String)})
	text := `{"name":"hstore","schema":null,"rules":[{"id":null}],"tags":["a"]}`
	for unknown, want := range map[string]string{
		`[["schema"],["rules",0,"id"]]`: "",
		`[["schema"],["schema"]]`:       "",
		`[["rules",0,"id"]`:             "cannot be read",
		`{}`:                            "cannot be read",
		`[[null]]`:                      "neither a name nor a number",
		`[["rules",-1]]`:                "neither a name nor a number",
		`[["rules",1]]`:                 `no place "1" among 1`,
		`[["rules","first"]]`:           `no place "first" among 1`,
		`[["colour"]]`:                  `there is no "colour"`,
		`[["name"]]`:                    `in "name": it is given, too`,
		`[[]]`:                          "it is given, too",
		`[["schema","x"]]`:              "in something that is not there",
		`[["name","x"]]`:                "no way into a string",
		`[["tags",0]]`:                  "no way into a set",
		`[` + strings.Repeat(`["x"],`, 200_000) + `["x"]]`:                 "more than 100000 parts",
		strings.Repeat("[", 100) + strings.Repeat("]", 100):                "nested more than 64 deep",
		`[[` + strings.Repeat(`"rules",`, 50_000) + `"rules"],["schema"]]`: `no place "rules"`,
	} {
		v, err := wire.ToProspect(&protocol.Prospect{Value: []byte(text), Unknown: []byte(unknown)}, ty)
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) || want == "" && err != nil {
			t.Errorf("%.60s: got %v, want an error with %q", unknown, err, want)
		}
		if err == nil && v.GetAttr("schema").IsKnown() {
			t.Errorf("%s: got %#v", unknown, v)
		}
	}
	if v, err := wire.ToProspect(&protocol.Prospect{Value: []byte("null"), Unknown: []byte("[[]]")}, ty); err != nil || v.IsKnown() || !v.Type().Equals(ty) {
		t.Errorf("what is unknown as a whole is read as %#v, %v", v, err)
	}
	if _, err := wire.ToProspect(&protocol.Prospect{Unknown: []byte("[[]]")}, ty); err == nil {
		t.Error("no value may be unknown")
	}
}

func FuzzToProspect(f *testing.F) {
	f.Add([]byte(`{"a":[1,null],"b":{"value":[null],"type":["list","bool"]},"c":{"x":["y"]}}`), []byte(`[["a",1],["b",0],["c","x"]]`))
	f.Add([]byte(`{"a":[null,1]}`), []byte(`[["a",0],["b"]]`))
	f.Add([]byte(`{"d":[null,{"value":1,"type":"number"}]}`), []byte(`[["d",0]]`))
	ty := cty.Object(map[string]cty.Type{"a": cty.List(cty.Number), "b": cty.DynamicPseudoType, "c": cty.Map(cty.Set(cty.String)), "d": cty.Map(cty.DynamicPseudoType)})
	f.Fuzz(func(t *testing.T, text, unknown []byte) {
		v, err := wire.ToProspect(&protocol.Prospect{Value: text, Unknown: unknown}, ty)
		if err == nil && v != cty.NilVal && v.IsKnown() && !v.IsNull() && v.Type().TestConformance(ty) != nil {
			t.Errorf("%q without %q is read as %#v", text, unknown, v)
		}
	})
}
