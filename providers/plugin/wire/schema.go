package wire

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Bounds of a schema.
const (
	maxTypes      = 1000
	maxAttributes = 1000 // of one type
	maxPatience   = time.Hour
)

// FromSchema makes messages of a schema. An error is the fault of its author.
func FromSchema(s sdk.Schema) (*protocol.SchemaResponse, error) {
	m := &protocol.SchemaResponse{Types: make(map[string]*protocol.Type, len(s.Types))}
	for name, t := range s.Types {
		made, err := fromType(t)
		if err != nil {
			return nil, fmt.Errorf("the type %s: %w", name, err)
		}
		m.Types[name] = made
	}
	return m, nil
}

func fromType(t sdk.TypeSchema) (*protocol.Type, error) {
	m := &protocol.Type{
		Description: t.Description, Machine: t.Machine, Shared: t.Shared, Data: t.Data, Plans: t.Plans,
		PatienceSeconds: uint32(t.Patience / time.Second),
		Attributes:      make(map[string]*protocol.Attribute, len(t.Attributes)),
	}
	for name, a := range t.Attributes {
		made, err := fromAttribute(a)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		m.Attributes[name] = made
	}
	return m, nil
}

func fromAttribute(a sdk.Attribute) (*protocol.Attribute, error) {
	ty, err := ctyjson.MarshalType(a.Type)
	if err != nil {
		return nil, fmt.Errorf("cannot write its type: %w", err)
	}
	m := &protocol.Attribute{
		Type: ty, Description: a.Description, Required: a.Required, Computed: a.Computed,
		Sensitive: a.Sensitive, Replace: a.Replace, Stable: a.Stable, Restart: a.Restart,
		Optional: a.Optional, Blocks: a.Blocks, Loose: a.Loose, Hidden: a.Hidden,
	}
	if a.Default != cty.NilVal {
		m.Default, err = FromValue(a.Default, a.Type)
	}
	return m, err
}

// ToSchema reads a schema, which is sound then: names, types and defaults fit together.
func ToSchema(m *protocol.SchemaResponse) (sdk.Schema, error) {
	if len(m.GetTypes()) > maxTypes {
		return sdk.Schema{}, fmt.Errorf("it has %d types; at most %d are allowed", len(m.Types), maxTypes)
	}
	s := sdk.Schema{Types: make(map[string]sdk.TypeSchema, len(m.GetTypes()))}
	for _, name := range slices.Sorted(maps.Keys(m.GetTypes())) {
		if !hclsyntax.ValidIdentifier(name) {
			return s, fmt.Errorf("%q is no name for a type: letters, digits, - and _, a letter first", name)
		}
		t, err := toType(m.Types[name])
		if err != nil {
			return s, fmt.Errorf("the type %s: %w", name, err)
		}
		s.Types[name] = t
	}
	return s, nil
}

func toType(m *protocol.Type) (sdk.TypeSchema, error) {
	t := sdk.TypeSchema{
		Description: m.GetDescription(), Machine: m.GetMachine(), Shared: m.GetShared(), Data: m.GetData(), Plans: m.GetPlans(),
		Patience:   time.Duration(m.GetPatienceSeconds()) * time.Second,
		Attributes: make(map[string]sdk.Attribute, len(m.GetAttributes())),
	}
	if len(m.GetAttributes()) > maxAttributes {
		return t, fmt.Errorf("it has %d attributes; at most %d are allowed", len(m.Attributes), maxAttributes)
	}
	if t.Patience > maxPatience {
		return t, fmt.Errorf("its patience is %s; at most %s is allowed", t.Patience, maxPatience)
	}
	for _, name := range slices.Sorted(maps.Keys(m.GetAttributes())) {
		a, err := toAttribute(m.Attributes[name])
		if err == nil && !hclsyntax.ValidIdentifier(name) {
			err = fmt.Errorf("that is no name: letters, digits, - and _, a letter first")
		}
		if err != nil {
			return t, fmt.Errorf("attribute %q: %w", name, err)
		}
		t.Attributes[name] = a
	}
	return t, nil
}

func toAttribute(m *protocol.Attribute) (sdk.Attribute, error) {
	a := sdk.Attribute{
		Description: m.GetDescription(), Required: m.GetRequired(), Computed: m.GetComputed(),
		Sensitive: m.GetSensitive(), Replace: m.GetReplace(), Stable: m.GetStable(), Restart: m.GetRestart(),
		Optional: m.GetOptional(), Blocks: m.GetBlocks(), Loose: m.GetLoose(), Hidden: m.GetHidden(),
	}
	if err := measure(m.GetType()); err != nil {
		return a, fmt.Errorf("its type %w", err)
	}
	var err error
	if a.Type, err = ctyjson.UnmarshalType(m.GetType()); err != nil {
		return a, fmt.Errorf("cannot read its type: %w", err)
	}
	if len(m.GetDefault()) > 0 {
		if a.Default, err = ToValue(m.Default, a.Type); err != nil {
			return a, fmt.Errorf("its default: %w", err)
		}
	}
	return a, agree(a)
}

// agree checks that what an attribute says of itself goes together.
func agree(a sdk.Attribute) error {
	switch {
	case a.Required && a.Computed:
		return fmt.Errorf("it cannot be both required and computed")
	case a.Stable && !a.Computed:
		return fmt.Errorf("what is stable has to be computed")
	case a.Default != cty.NilVal && (a.Required || a.Computed):
		return fmt.Errorf("a default has no use beside required or computed")
	}
	return nil
}
