package wire

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
)

// The format of what is partly unknown is our own: values travel as JSON, which has no word for it. The one that go-cty has for
// MessagePack, extension 0 for an unknown part and 12 for one of which something is known (cty/msgpack/unknown.go there), would
// be a second format for values, and another library in each language, for the sake of bounds that no plan shows.

// FromProspect writes a value of a type that may be unknown in parts; it has no marks. What is known of an unknown part besides
// its type is left out, and a set with something unknown in it becomes unknown as a whole. NilVal, of which nothing was said,
// becomes nil.
func FromProspect(v cty.Value, ty cty.Type) (*protocol.Prospect, error) {
	if v == cty.NilVal {
		return nil, nil
	}
	if v.ContainsMarked() {
		return nil, fmt.Errorf("internal error: the value has marks")
	}
	var found ways
	known, err := cty.TransformWithTransformer(v, &found)
	if err != nil {
		return nil, err
	}
	m := &protocol.Prospect{}
	if m.Value, err = FromValue(known, ty); err == nil && found != nil {
		m.Unknown, err = json.Marshal(found)
	}
	return m, err
}

// ways lead to the unknown parts of a value, each in steps of names and numbers. As a transformer they are filled, with null
// taking the place of what they lead to.
type ways [][]any

// Enter implements cty.Transformer.
func (w *ways) Enter(path cty.Path, v cty.Value) (cty.Value, error) {
	if v.IsKnown() && !(v.Type().IsSetType() && !v.IsWhollyKnown()) {
		return v, nil
	}
	way := make([]any, 0, len(path))
	for _, step := range path {
		switch s := step.(type) {
		case cty.GetAttrStep:
			way = append(way, s.Name)
		case cty.IndexStep:
			if s.Key.Type() == cty.String {
				way = append(way, s.Key.AsString())
				continue
			}
			index, _ := s.Key.AsBigFloat().Int64()
			way = append(way, index)
		}
	}
	*w = append(*w, way)
	return cty.NullVal(v.Type()), nil
}

// Exit implements cty.Transformer.
func (*ways) Exit(_ cty.Path, v cty.Value) (cty.Value, error) { return v, nil }

// ToProspect reads a value of a type, perhaps unknown in parts. None is NilVal.
func ToProspect(m *protocol.Prospect, ty cty.Type) (cty.Value, error) {
	v, err := ToValue(m.GetValue(), ty)
	if err != nil || len(m.GetUnknown()) == 0 {
		return v, err
	}
	if v == cty.NilVal {
		return v, fmt.Errorf("it says what is unknown in no value")
	}
	if err := measure(m.GetUnknown()); err != nil {
		return cty.NilVal, fmt.Errorf("what is unknown in it %w", err)
	}
	var raw [][]json.RawMessage
	if err := json.Unmarshal(m.GetUnknown(), &raw); err != nil {
		return cty.NilVal, fmt.Errorf("what is unknown in it cannot be read: %w", err)
	}
	all := make([][]string, len(raw))
	for i, steps := range raw {
		if all[i], err = way(steps); err != nil {
			return cty.NilVal, err
		}
	}
	if v, err = veil(v, all); err != nil {
		return cty.NilVal, fmt.Errorf("what is unknown in it: %w", err)
	}
	return v, nil
}

// way reads the steps of one way; numbers become texts.
func way(steps []json.RawMessage) ([]string, error) {
	way := make([]string, len(steps))
	for i, step := range steps {
		var index uint32
		if json.Unmarshal(step, &way[i]) == nil && string(step) != "null" {
			continue
		}
		if json.Unmarshal(step, &index) != nil || string(step) == "null" {
			return nil, fmt.Errorf("the way to something unknown has a step that is neither a name nor a number")
		}
		way[i] = strconv.FormatUint(uint64(index), 10)
	}
	return way, nil
}
