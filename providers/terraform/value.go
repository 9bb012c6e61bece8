package terraform

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"github.com/zclconf/go-cty/cty/msgpack"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// pack writes a value for a provider; it has no marks.
func pack(v cty.Value, ty cty.Type) (*tfplugin6.DynamicValue, error) {
	text, err := msgpack.Marshal(v, ty)
	if err != nil {
		return nil, fmt.Errorf("internal error: the value does not fit the type: %w", err)
	}
	return &tfplugin6.DynamicValue{Msgpack: text}, nil
}

// unpack reads a value of a provider, perhaps partly unknown. An absent message is null.
func unpack(m *tfplugin6.DynamicValue, ty cty.Type) (cty.Value, error) {
	if m == nil || len(m.GetMsgpack()) == 0 {
		if len(m.GetJson()) > 0 {
			return cty.NilVal, fmt.Errorf("it is written in JSON, which this recipe does not read here")
		}
		return cty.NullVal(ty), nil
	}
	if err := measure(m.GetMsgpack()); err != nil {
		return cty.NilVal, err
	}
	v, err := msgpack.Unmarshal(m.GetMsgpack(), ty)
	if err != nil {
		return cty.NilVal, fmt.Errorf("it does not fit its type: %w", err)
	}
	return v, nil
}

// past is what "provider-state" holds, as JSON.
type past struct {
	Version int64           `json:"version"`           // of the schema that State fits
	State   json.RawMessage `json:"state"`             // the thing as Terraform keeps it
	Private []byte          `json:"private,omitempty"` // what the provider keeps for itself
	Config  json.RawMessage `json:"config"`            // what the thing was made from
	Found   json.RawMessage `json:"found,omitempty"`   // how it was when it was taken over by the last change
}

// pastOf reads what is kept of a thing; nil if it holds nothing: it was only wanted, never made.
func pastOf(v cty.Value) (*past, error) {
	if v == cty.NilVal || v.IsNull() || v.GetAttr(stateAttribute).IsNull() {
		return nil, nil
	}
	var p past
	if err := json.Unmarshal([]byte(v.GetAttr(stateAttribute).AsString()), &p); err != nil {
		return nil, fmt.Errorf("%s: %w", stateAttribute, err)
	}
	return &p, nil
}

// outline is the part of our value that Terraform knows, as it was written: nothing is left out.
func (k *kind) outline(v cty.Value) cty.Value {
	parts := make(map[string]cty.Value, len(k.ty.AttributeTypes()))
	for name := range k.ty.AttributeTypes() {
		parts[name] = v.GetAttr(name)
	}
	return cty.ObjectVal(parts)
}

// config is our value as a configuration.
func (k *kind) config(v cty.Value) cty.Value { return k.block.normal(k.outline(v)) }

// thing is one thing as Terraform has it.
type thing struct {
	state   cty.Value // null for none; partly unknown in a plan
	private []byte
}

// frame is what our value has besides.
type frame struct {
	provider cty.Value // the configuration of the provider
	config   cty.Value // of the thing
	imported cty.Value // the id by which it was taken over; null for none
	found    cty.Value // how it was then, if that is now; else NilVal
}

// frameOf takes the frame from a value that the engine wants.
func (k *kind) frameOf(wanted cty.Value) frame {
	return frame{provider: wanted.GetAttr(sdk.ProviderAttribute), config: k.config(wanted), imported: wanted.GetAttr(importAttribute)}
}

// value is the thing as our engine knows it. Of a state that is partly unknown, what is kept of it is unknown too.
func (k *kind) value(t thing, f frame) (cty.Value, error) {
	if t.state.IsNull() {
		return cty.NullVal(k.schema.Object()), nil
	}
	parts := k.withWriteOnly(t.state, f.config).AsValueMap()
	parts[sdk.ProviderAttribute], parts[importAttribute] = f.provider, f.imported
	parts[stateAttribute] = cty.UnknownVal(cty.String)
	if t.state.IsWhollyKnown() && f.config.IsWhollyKnown() {
		text, err := k.remember(t, f)
		if err != nil {
			return cty.NilVal, err
		}
		parts[stateAttribute] = cty.StringVal(text)
	}
	return cty.ObjectVal(parts), nil
}

// withWriteOnly is the state with what the configuration has for write-only attributes at its top. Those within blocks are
// kept with the configuration alone.
func (k *kind) withWriteOnly(state, config cty.Value) cty.Value {
	parts := state.AsValueMap()
	if parts == nil {
		parts = map[string]cty.Value{}
	}
	for name, a := range k.block.attributes {
		if a.writeOnly {
			parts[name] = config.GetAttr(name)
		}
	}
	return cty.ObjectVal(parts)
}

func (k *kind) remember(t thing, f frame) (string, error) {
	p := past{Version: k.version, Private: t.private}
	var errs [3]error
	p.State, errs[0] = ctyjson.Marshal(t.state, k.ty)
	p.Config, errs[1] = ctyjson.Marshal(f.config, k.ty)
	if f.found != cty.NilVal {
		p.Found, errs[2] = ctyjson.Marshal(f.found, k.ty)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return "", fmt.Errorf("cannot keep the state: %w", err)
	}
	text, err := json.Marshal(p)
	return string(text), err
}

// written is the configuration that a thing was made from. One that an earlier release of the provider understood otherwise
// is taken from the state.
func (p *past) written(k *kind, state cty.Value) cty.Value {
	if config, err := ctyjson.Unmarshal(p.Config, k.ty); err == nil && !config.IsNull() {
		return config
	}
	return k.block.normal(state)
}
