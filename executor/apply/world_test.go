package apply_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// world is a provider whose resources are entries of a map, with a ledger of everything that was done to them. It has
// the types that the engine of a stack needs.
type world struct {
	mu     sync.Mutex
	things map[string]cty.Value
	ledger []string        // "create app.a[0]"
	tokens map[string]bool // tokens that were carried out
	fail   func(address string, undo bool) error
	hook   func(address string) // called before each change
}

func newWorld() *world { return &world{things: map[string]cty.Value{}, tokens: map[string]bool{}} }

var number = sdk.Attribute{Type: cty.Number}
var text = sdk.Attribute{Type: cty.String}

func computed(t cty.Type) sdk.Attribute { return sdk.Attribute{Type: t, Computed: true, Stable: true} }

func (w *world) Schema() sdk.Schema {
	check := sdk.Attribute{Type: cty.Object(map[string]cty.Type{"tcp": cty.Number, "port": cty.Number})}
	return sdk.Schema{Types: map[string]sdk.TypeSchema{
		"allocation": {Data: true, Attributes: map[string]sdk.Attribute{"component": text, "directory": text, "owner": number,
			"wanted": {Type: cty.Map(cty.Number)}, "ports": computed(cty.Map(cty.Number))}},
		"endpoint": {Attributes: map[string]sdk.Attribute{"component": text, "target": text, "host": computed(cty.String), "port": computed(cty.Number)}},
		"secret":   {Attributes: map[string]sdk.Attribute{"length": number, "value": {Type: cty.String, Computed: true, Stable: true, Sensitive: true}}},
		"file":     {Attributes: map[string]sdk.Attribute{"base": text, "name": text, "content": text, "owner": number, "path": computed(cty.String)}},
		"command":  {Attributes: map[string]sdk.Attribute{"command": {Type: cty.List(cty.String)}, "env": {Type: cty.Map(cty.String)}, "directory": text}},
		"instance": {Attributes: map[string]sdk.Attribute{"component": text, "command": {Type: cty.List(cty.String), Restart: true},
			"env": {Type: cty.Map(cty.String), Restart: true}, "config_digest": {Type: cty.String, Restart: true}, "startup": check, "readiness": check, "liveness": check}},
	}}
}

func (w *world) Resource(name string) sdk.Resource { return thing{w, w.Schema().Types[name]} }

type thing struct {
	*world
	schema sdk.TypeSchema
}

func (t thing) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v, ok := t.things[id.Address]; ok {
		return v, nil
	}
	return cty.NullVal(t.schema.Object()), nil
}

func (t thing) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if t.hook != nil {
		t.hook(r.Address)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	none := cty.NullVal(t.schema.Object())
	if err := ctx.Err(); err != nil {
		return t.present(r.Address, none), sdk.Errorf("interrupted", "%s", err)
	}
	if t.fail != nil {
		if err := t.fail(r.Address, r.Undo); err != nil {
			return t.present(r.Address, none), sdk.Errorf("it fails", "%s", err)
		}
	}
	if t.tokens[r.Token] {
		return t.present(r.Address, none), nil // an earlier attempt did it
	}
	t.tokens[r.Token] = true
	t.ledger = append(t.ledger, verb(r)+" "+r.Address)
	if r.After.IsNull() {
		delete(t.things, r.Address)
		return none, nil
	}
	t.things[r.Address] = t.complete(r.After)
	return t.things[r.Address], nil
}

func (t thing) present(address string, none cty.Value) cty.Value {
	if v, ok := t.things[address]; ok {
		return v
	}
	return none
}

func verb(r sdk.ApplyRequest) string {
	switch {
	case r.After.IsNull():
		return "delete"
	case r.Before.IsNull():
		return "create"
	}
	return "update"
}

// complete fills computed attributes.
func (t thing) complete(v cty.Value) cty.Value {
	attributes := v.AsValueMap()
	for name, a := range t.schema.Attributes {
		if !a.Computed || !attributes[name].IsNull() {
			continue
		}
		switch a.Type {
		case cty.String:
			attributes[name] = cty.StringVal(fmt.Sprintf("made-%d", len(t.things)))
		case cty.Number:
			attributes[name] = cty.NumberIntVal(int64(20000 + len(t.things)))
		default:
			ports := map[string]cty.Value{"web": cty.NumberIntVal(int64(30000 + len(t.things)))}
			attributes[name] = cty.MapVal(ports)
		}
	}
	return cty.ObjectVal(attributes)
}

// picture is the world as text, for comparing.
func (w *world) picture() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := ""
	for _, address := range slices.Sorted(maps.Keys(w.things)) {
		s += fmt.Sprintf("%s %#v\n", address, w.things[address])
	}
	return s
}

// place is where in the ledger an entry stands, -1 if it does not.
func (w *world) place(entry string) int { return slices.Index(w.ledger, entry) }
