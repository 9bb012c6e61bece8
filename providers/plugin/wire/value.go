package wire

import (
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/nsynapse/recipe/providers/sdk"
)

// FromValue writes a value of a type as JSON. The value has no marks and nothing unknown; NilVal, of which nothing is
// known, becomes empty.
func FromValue(v cty.Value, ty cty.Type) ([]byte, error) {
	switch {
	case v == cty.NilVal:
		return nil, nil
	case v.ContainsMarked():
		return nil, fmt.Errorf("internal error: the value has marks")
	case !v.IsWhollyKnown():
		return nil, fmt.Errorf("internal error: the value is partly unknown")
	case v.IsNull():
		return []byte("null"), nil // of any type: it stands for absence
	}
	text, err := ctyjson.Marshal(v, ty)
	if err != nil {
		return nil, fmt.Errorf("the value does not fit its type: %w", err)
	}
	return text, nil
}

// ToValue reads a value of a type. Empty is NilVal. What an object lacks is null.
func ToValue(text []byte, ty cty.Type) (cty.Value, error) {
	if len(text) == 0 {
		return cty.NilVal, nil
	}
	if err := measure(text); err != nil {
		return cty.NilVal, fmt.Errorf("it %w", err)
	}
	if !json.Valid(text) { // the decoder would stop after the first value
		return cty.NilVal, fmt.Errorf("it is no JSON")
	}
	v, err := ctyjson.Unmarshal(text, ty)
	if err != nil {
		return cty.NilVal, fmt.Errorf("it does not fit its type: %s", cause(err))
	}
	if err := finite(v); err != nil {
		return cty.NilVal, fmt.Errorf("it %w", err)
	}
	return v, nil
}

// cause says where in the value an error is.
func cause(err error) string {
	if at, ok := err.(cty.PathError); ok && len(at.Path) > 0 {
		return fmt.Sprintf("at %s: %s", sdk.PathText(at.Path), at.Error())
	}
	return err.Error()
}
