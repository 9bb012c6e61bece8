package terraform

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// The attributes that things have beside those of Terraform's schema. Terraform keeps "provider" free in all schemas, and has
// no names with a dash.
const (
	stateAttribute  = "provider-state"
	importAttribute = sdk.ImportAttribute
)

// DataPrefix begins the types that are data sources.
const DataPrefix = "data_"

// kind is one type of a provider, a resource or a data source.
type kind struct {
	name    string // as Terraform calls it
	data    bool   // a data source
	version int64  // of the schema
	block   *block
	ty      cty.Type       // of the values that Terraform knows
	schema  sdk.TypeSchema // of ours
}

// types are all that a provider supplies.
type types struct {
	config      *block // of the provider itself
	kinds       map[string]*kind
	planDestroy bool // a removal is planned too
}

// readTypes reads the schemas of a provider; name is that by which stacks know it.
func readTypes(m *tfplugin6.SchemaResponse, name string) (*types, error) {
	config, err := toBlock(m.GetProvider().GetBlock(), 0)
	if err != nil {
		return nil, fmt.Errorf("its own configuration: %w", err)
	}
	configured := &sdk.Configured{Provider: name, Schema: sdk.TypeSchema{Description: "The configuration of " + name + ".", Attributes: attributesOf(config)}}
	t := &types{config: config, kinds: map[string]*kind{}, planDestroy: m.GetServerCapabilities().GetPlanDestroy()}
	add := func(all map[string]*tfplugin6.Schema, data bool) error {
		for name, s := range all {
			k := &kind{name: name, data: data, version: s.GetVersion()}
			if k.block, err = toBlock(s.GetBlock(), 0); err != nil {
				return fmt.Errorf("the type %s: %w", name, err)
			}
			k.ty = k.block.object()
			k.schema = k.toSchema(s.GetBlock().GetDescription(), configured)
			if data {
				name = DataPrefix + name
			}
			t.kinds[name] = k
		}
		return nil
	}
	if err := add(m.GetResourceSchemas(), false); err != nil {
		return nil, err
	}
	return t, add(m.GetDataSourceSchemas(), true)
}

// toSchema is the type as our engine knows it.
func (k *kind) toSchema(description string, configured *sdk.Configured) sdk.TypeSchema {
	s := sdk.TypeSchema{Description: sentence(description), Attributes: attributesOf(k.block), Plans: true, Plugin: true, Configured: configured}
	if k.data {
		s.Description = sentence("A data source: it is read when it is made and when its arguments change. " + description)
	}
	if hasDynamic(k.ty) || hasDynamic(configured.Schema.Object()) {
		s.Refused = "it has attributes of any type (dynamic), and recipe keeps values of known types only"
	}
	s.Attributes[sdk.ProviderAttribute] = sdk.Attribute{Type: cty.List(cty.String), Sensitive: true, Hidden: true,
		Description: "The configuration of the provider. Filled in by the engine from the provider block."}
	if k.data {
		return s
	}
	s.Attributes[stateAttribute] = sdk.Attribute{Type: cty.String, Computed: true, Sensitive: true, Hidden: true,
		Description: "What the provider keeps of the thing besides, as JSON."}
	s.Attributes[importAttribute] = sdk.Attribute{Type: cty.String, Hidden: true,
		Description: "The id of a thing that is there already: it is taken over instead of made."}
	return s
}

// attributesOf are the attributes and blocks of a schema as our engine knows them.
func attributesOf(b *block) map[string]sdk.Attribute {
	all := make(map[string]sdk.Attribute, len(b.attributes)+len(b.blocks)+3)
	for name, a := range b.attributes {
		all[name] = sdk.Attribute{Type: a.ty, Description: sentence(a.description), Required: a.required, Computed: a.computed,
			Optional: a.optional, Sensitive: a.secret(), Loose: a.object != nil}
	}
	for name, n := range b.blocks {
		a := sdk.Attribute{Type: n.nesting.of(n.object()), Description: sentence(n.description), Required: n.required, Sensitive: n.secret(),
			Blocks: true, Loose: true}
		if absent := n.absent(); !n.required && !absent.IsNull() {
			a.Default = absent
		}
		all[name] = a
	}
	return all
}

// sentence is a description in one paragraph; providers may have none.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return "Its provider does not describe it."
	}
	return text
}
