package state_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/function"
	"github.com/nsynapse/recipe/planner/state"
)

// seal and open are a vault that names a secret by writing it backwards.
func seal(clear string) (string, error) { return reverse(clear), nil }

func open(id string) (string, bool) { return reverse(id), id != "lost" }

func reverse(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

func TestValues(t *testing.T) {
	secret := cty.StringVal("hush").Mark(function.Sensitive)
	for _, c := range []struct {
		v    cty.Value
		text string
	}{
		{cty.StringVal("a\"\\\n\u00e9<&"), `"a\"\\\né<&"`},
		{cty.NumberIntVal(-12), `-12`},
		{cty.MustParseNumberVal("123456789012345678901234567890.5"), `123456789012345678901234567890.5`},
		{cty.True, `true`},
		{cty.NullVal(cty.String), `null`},
		{cty.UnknownVal(cty.Number), `{"$unknown":true}`},
		{cty.UnknownVal(cty.String).Mark(function.Sensitive), `{"$unknown":"sensitive"}`},
		{secret, `{"$secret":"hsuh"}`},
		{cty.NumberIntVal(5).Mark(function.Sensitive), `{"$secret":"5"}`},
		{cty.ListVal([]cty.Value{cty.StringVal("a"), cty.NullVal(cty.String)}), `["a",null]`},
		{cty.ListValEmpty(cty.Bool), `[]`},
		{cty.SetVal([]cty.Value{cty.StringVal("b"), cty.StringVal("a")}), `["a","b"]`},
		{cty.SetValEmpty(cty.Bool), `[]`},
		{cty.TupleVal([]cty.Value{cty.True, cty.StringVal("x")}), `[true,"x"]`},
		{cty.EmptyTupleVal, `[]`},
		{cty.MapValEmpty(cty.String), `{}`},
		{cty.MapVal(map[string]cty.Value{"$secret": cty.StringVal("no"), "b": secret}), `{"$$secret":"no","b":{"$secret":"hsuh"}}`},
		{cty.ObjectVal(map[string]cty.Value{"a": cty.NullVal(cty.Number), "b": cty.True}), `{"b":true}`},
		{cty.ObjectVal(map[string]cty.Value{"a": cty.NullVal(cty.Number)}), `{}`},
	} {
		encoded, err := state.Encode(c.v, seal)
		if err != nil || string(encoded) != c.text {
			t.Errorf("%#v: encoded as %s, want %s (%v)", c.v, encoded, c.text, err)
			continue
		}
		plain, _ := c.v.Unmark()
		for _, text := range []string{c.text, " \n" + c.text + "\t"} {
			back, err := state.Decode([]byte(text), plain.Type(), open)
			if err != nil || !back.RawEquals(c.v) {
				t.Errorf("%q: decoded as %#v, want %#v (%v)", text, back, c.v, err)
			}
		}
	}
}

func TestDecodeDynamic(t *testing.T) {
	text := `{"a": [1, "x", {"$secret": "hsuh"}, null], "b": {}, "$$c": {"$unknown": true}}`
	want := cty.ObjectVal(map[string]cty.Value{
		"a": cty.TupleVal([]cty.Value{cty.NumberIntVal(1), cty.StringVal("x"), cty.StringVal("hush").Mark(function.Sensitive),
			cty.NullVal(cty.DynamicPseudoType)}),
		"b": cty.EmptyObjectVal, "$c": cty.DynamicVal,
	})
	got, err := state.Decode([]byte(text), cty.DynamicPseudoType, open)
	if err != nil || !got.RawEquals(want) {
		t.Errorf("got %#v (%v)", got, err)
	}
}

func TestDecodeDiffers(t *testing.T) {
	object := cty.Object(map[string]cty.Type{"a": cty.Number})
	v, err := state.Decode([]byte(`{"gone": [{"x": 1}], "a": "7"}`), object, open)
	if err != nil || !v.GetAttr("a").RawEquals(cty.NumberIntVal(7)) || len(v.AsValueMap()) != 1 {
		t.Errorf("%#v, %v", v, err)
	}
	if v, err := state.Decode([]byte(`{"a": {"$secret": "7"}}`), object, nil); err != nil || v.GetAttr("a").IsWhollyKnown() {
		t.Errorf("without a vault: %#v, %v", v, err)
	}
	for _, text := range []string{`{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `[1]`, `"x"`, `{"a":[1]}`, `{"a":{}}`, `{"a":tru}`, `{"a":1} x`,
		`{"a":"x"}`, `{"a":{"$secret":"lost"}}`, `{"a":{"$secret":5}}`, `{"a":{"$secret":"x","b":1}}`, `{"a":--}`, `{"a":1e9}`, `{"a":"\`, `{"a":"\x"}`} {
		if v, err := state.Decode([]byte(text), object, open); err == nil {
			t.Errorf("%s gives %#v", text, v)
		}
	}
}

// FuzzDecode holds that what decodes also encodes, to something that decodes to the same.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{`null`, `{"a":[1,"x",{"$secret":"s"}]}`, `{"$unknown":"sensitive"}`, `"\u00e9\n"`, `-1.50`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := state.Decode(text, cty.DynamicPseudoType, open)
		if err != nil {
			return
		}
		encoded, err := state.Encode(v, func(s string) (string, error) {
			if reverse(s) == "lost" {
				return "", errors.New("lost")
			}
			return seal(s)
		})
		if err != nil {
			return
		}
		back, err := state.Decode(encoded, cty.DynamicPseudoType, open)
		if err != nil || len(text) < 1000 && !same(back, v) {
			t.Errorf("%q: %#v, then %s: %#v (%v)", text, v, encoded, back, err)
		}
	})
}

// same leaves out that the attributes that are null are not kept.
func same(a, b cty.Value) bool {
	x, errX := state.Encode(a, seal)
	y, errY := state.Encode(b, seal)
	return errX == nil && errY == nil && string(x) == string(y)
}

// What was written for another type is read as far as it fits.
func TestDecodeAsFar(t *testing.T) {
	secret := cty.StringVal("hush").Mark(function.Sensitive)
	written := cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("a"), "size": cty.NumberIntVal(3), "seal": secret, "gone": cty.True})
	encoded, err := state.Encode(written, seal)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ty    map[string]cty.Type
		want  map[string]cty.Value
		other []string
	}{
		"the same": {map[string]cty.Type{"name": cty.String, "seal": cty.String}, map[string]cty.Value{"name": cty.StringVal("a"), "seal": secret}, nil},
		"it fits":  {map[string]cty.Type{"size": cty.String, "new": cty.Bool}, map[string]cty.Value{"size": cty.StringVal("3"), "new": cty.NullVal(cty.Bool)}, nil},
		"others": {map[string]cty.Type{"name": cty.List(cty.String), "size": cty.Number, "seal": cty.Bool},
			map[string]cty.Value{"name": cty.NullVal(cty.List(cty.String)), "size": cty.NumberIntVal(3), "seal": cty.NullVal(cty.Bool)}, []string{"name", "seal"}},
	} {
		t.Run(name, func(t *testing.T) {
			v, other, err := state.DecodeAsFar(encoded, cty.Object(c.ty), open)
			if err != nil || !v.RawEquals(cty.ObjectVal(c.want)) || !slices.Equal(other, c.other) {
				t.Errorf("it reads %#v, other %q (%v)", v, other, err)
			}
		})
	}
	ty := cty.Object(map[string]cty.Type{"name": cty.List(cty.String), "seal": cty.String})
	for text, fault := range map[string]string{`{"name":"a","seal":{"$secret":"lost"}}`: "the vault", `{"name":"a"`: "", `{"name":tru}`: ""} {
		if v, _, err := state.DecodeAsFar([]byte(text), ty, open); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%s is read as %#v (%v)", text, v, err)
		}
	}
}
