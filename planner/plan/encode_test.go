package plan

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/state"
)

// texts are such as are written in more ways than one.
var texts = rapid.OneOf(rapid.SampledFrom([]string{"", "new", "a < b & c > d", "\u2028\u2029", "é", "\"changes\":[", "\x7f\t\n\\", "\xff"}), rapid.String())

// someValue draws a value as it is kept, or none.
func someValue(t *rapid.T, label string) state.Encoded {
	if rapid.Bool().Draw(t, label+" is") {
		return nil
	}
	v := cty.ObjectVal(map[string]cty.Value{"text": cty.StringVal(texts.Draw(t, label)), "map": cty.MapVal(map[string]cty.Value{"changes": cty.UnknownVal(cty.String)})})
	encoded, err := state.Encode(v, nil)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func someChange(t *rapid.T) Change {
	c := Change{
		Addr:   addr.Component{Kind: addr.App, Name: "web", Key: addr.StringKey(texts.Draw(t, "key"))}.At(rapid.IntRange(addr.Whole, 3).Draw(t, "index"), texts.Draw(t, "part")),
		Type:   texts.Draw(t, "type"),
		Action: rapid.SampledFrom([]Action{NoOp, Create, Replace}).Draw(t, "action"),
		Needs:  rapid.SliceOf(rapid.Int32Range(0, 1000)).Draw(t, "needs"),
		Before: someValue(t, "before"), After: someValue(t, "after"),
		Reason: texts.Draw(t, "reason"), Effect: texts.Draw(t, "effect"),
		Data: rapid.Bool().Draw(t, "data"), Backup: rapid.Bool().Draw(t, "backup"), Roll: rapid.Bool().Draw(t, "roll"),
	}
	for range rapid.IntRange(0, 2).Draw(t, "attributes") {
		c.Attributes = append(c.Attributes, Difference{Path: texts.Draw(t, "path"), After: texts.Draw(t, "text")})
	}
	return c
}

func TestEncodeWritesWhatMarshalDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &Plan{Stack: texts.Draw(t, "stack"), Variables: map[string]json.RawMessage{"changes": json.RawMessage("[]")}, CriticalPath: []int32{0},
			Outputs: []OutputChange{{Name: "changes", After: texts.Draw(t, "output")}}}
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			p.Changes = append(p.Changes, someChange(t))
		}
		want, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Encode(p); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("Encode writes %s, %v\n json.Marshal %s", got, err, want)
		}
	})
}
