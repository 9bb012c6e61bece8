package terraform

import (
	"bytes"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/msgpack"
)

// What is short and would be vast is refused before it is read.
func TestMeasure(t *testing.T) {
	for name, text := range map[string][]byte{
		"parts": append([]byte{0xdd, 0xff, 0xff, 0xff, 0xff}, bytes.Repeat([]byte{0xc0}, maxParts+1)...),
		"deep":  bytes.Repeat([]byte{0x91}, maxDepth+2),
	} {
		if err := measure(text); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: it says %v", name, err)
		}
	}
}

// What is ordinary passes, and is passed over to its last byte.
func TestMeasureWhole(t *testing.T) {
	v := cty.ObjectVal(map[string]cty.Value{
		"text": cty.StringVal(strings.Repeat("long ", 100)), "more": cty.StringVal(strings.Repeat("x", 70_000)), "number": cty.NumberFloatVal(1e300),
		"negative": cty.NumberIntVal(-70_000), "open": cty.UnknownVal(cty.String), "none": cty.NullVal(cty.Bool),
		"list": cty.ListVal([]cty.Value{cty.True, cty.False}), "map": cty.MapVal(map[string]cty.Value{"a": cty.StringVal("b")}),
	})
	text, err := msgpack.Marshal(v, v.Type())
	if err != nil {
		t.Fatal(err)
	}
	m := meter{rest: text}
	if err := m.part(0); err != nil || len(m.rest) > 0 {
		t.Errorf("%v, and %d bytes are left", err, len(m.rest))
	}
}

// The proposal for something new is its configuration; for what does not change it is what is there.
func TestProposal(t *testing.T) {
	b := &block{
		attributes: map[string]*attribute{"id": {ty: cty.String, computed: true}, "size": {ty: cty.Number, computed: true, optional: true}, "text": {ty: cty.String, required: true}},
		blocks:     map[string]*nested{},
	}
	inner := *b
	for name, n := range map[string]nesting{"one": one, "list": list, "set": set, "named": named} {
		b.blocks[name] = &nested{block: block{attributes: inner.attributes, blocks: map[string]*nested{}}, nesting: n}
	}
	object := func(text string) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("id of " + text), "size": cty.NumberIntVal(int64(len(text))), "text": cty.StringVal(text)})
	}
	state := cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("x"), "size": cty.Zero, "text": cty.StringVal("t"), "one": object("a"),
		"list": cty.ListVal([]cty.Value{object("b"), object("c")}), "set": cty.SetVal([]cty.Value{object("d"), object("e")}),
		"named": cty.MapVal(map[string]cty.Value{"k": object("f")})})
	config := b.rewrite(state, func(a *attribute, v cty.Value) cty.Value {
		if a.computed {
			return cty.NullVal(a.ty)
		}
		return v
	})
	if got := b.proposal(cty.NullVal(b.object()), config); !got.RawEquals(config) {
		t.Errorf("for something new: %#v", got)
	}
	if got := b.proposal(state, config); !got.RawEquals(state) {
		t.Errorf("for what does not change: %#v", got)
	}
}
