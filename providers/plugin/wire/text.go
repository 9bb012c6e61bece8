package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/sdk"
)

// SchemaFile is the name of the file in the package of a plugin that holds its schema:
//
//	{
//	  "format": 1,
//	  "protocols": [1],
//	  "types": {
//	    "demo_note": {
//	      "description": "A note.",
//	      "patience": 60,
//	      "attributes": {
//	        "path": { "type": "string", "required": true, "replace": true },
//	        "size": { "type": "number", "computed": true }
//	      }
//	    }
//	  }
//	}
//
// Protocols are the versions of the protocol that the program speaks. The rest is as in plugin.proto, what is false, empty or 0
// left out, patience in seconds. Names are in the order of their bytes, and the indentation is two spaces: equal schemas have
// equal texts.
const SchemaFile = "recipe.schema.json"

const (
	schemaFormat = 1
	// MaxSchema bounds the text of a schema, in bytes: what fits into a message, with its indentation.
	MaxSchema = 4 * protocol.MaxMessage
)

type schemaText struct {
	Format    int                 `json:"format"`
	Protocols []int               `json:"protocols"`
	Types     map[string]typeText `json:"types"`
}

type typeText struct {
	Description string                   `json:"description,omitempty"`
	Machine     bool                     `json:"machine,omitempty"`
	Shared      bool                     `json:"shared,omitempty"`
	Data        bool                     `json:"data,omitempty"`
	Plans       bool                     `json:"plans,omitempty"`
	Patience    uint32                   `json:"patience,omitempty"`
	Attributes  map[string]attributeText `json:"attributes"`
}

type attributeText struct {
	Type        json.RawMessage `json:"type"`
	Description string          `json:"description,omitempty"`
	Required    bool            `json:"required,omitempty"`
	Computed    bool            `json:"computed,omitempty"`
	Sensitive   bool            `json:"sensitive,omitempty"`
	Default     json.RawMessage `json:"default,omitempty"`
	Replace     bool            `json:"replace,omitempty"`
	Stable      bool            `json:"stable,omitempty"`
	Restart     bool            `json:"restart,omitempty"`
	Optional    bool            `json:"optional,omitempty"`
	Blocks      bool            `json:"blocks,omitempty"`
	Loose       bool            `json:"loose,omitempty"`
	Hidden      bool            `json:"hidden,omitempty"`
}

// WriteSchema is the text of a schema, of a program that speaks this version of the protocol.
func WriteSchema(s sdk.Schema) ([]byte, error) {
	m, err := FromSchema(s)
	if err != nil {
		return nil, err
	}
	text := schemaText{Format: schemaFormat, Protocols: []int{protocol.Version}, Types: map[string]typeText{}}
	for name, t := range m.Types {
		made := typeText{Description: t.Description, Machine: t.Machine, Shared: t.Shared, Data: t.Data, Plans: t.Plans, Patience: t.PatienceSeconds,
			Attributes: map[string]attributeText{}}
		for name, a := range t.Attributes {
			made.Attributes[name] = attributeText{Type: a.Type, Description: a.Description, Required: a.Required, Computed: a.Computed,
				Sensitive: a.Sensitive, Default: a.Default, Replace: a.Replace, Stable: a.Stable, Restart: a.Restart,
				Optional: a.Optional, Blocks: a.Blocks, Loose: a.Loose, Hidden: a.Hidden}
		}
		text.Types[name] = made
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err = e.Encode(text)
	return b.Bytes(), err
}

// ReadSchema reads what WriteSchema has written, perhaps that of a later recipe, or somebody else. It is sound then, as after
// ToSchema.
func ReadSchema(text []byte) (sdk.Schema, error) {
	if len(text) > MaxSchema {
		return sdk.Schema{}, fmt.Errorf("the schema has %d bytes; at most %d are read", len(text), MaxSchema)
	}
	var written schemaText
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&written); err != nil {
		return sdk.Schema{}, fmt.Errorf("cannot read the schema: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return sdk.Schema{}, fmt.Errorf("something stands behind the schema")
	}
	if written.Format != schemaFormat {
		return sdk.Schema{}, fmt.Errorf("the schema is written in format %d, and this recipe reads format %d", written.Format, schemaFormat)
	}
	return ToSchema(written.message())
}

func (s schemaText) message() *protocol.SchemaResponse {
	m := &protocol.SchemaResponse{Types: map[string]*protocol.Type{}}
	for name, t := range s.Types {
		made := &protocol.Type{Description: t.Description, Machine: t.Machine, Shared: t.Shared, Data: t.Data, Plans: t.Plans, PatienceSeconds: t.Patience,
			Attributes: map[string]*protocol.Attribute{}}
		for name, a := range t.Attributes {
			made.Attributes[name] = &protocol.Attribute{Type: a.Type, Description: a.Description, Required: a.Required, Computed: a.Computed,
				Sensitive: a.Sensitive, Default: a.Default, Replace: a.Replace, Stable: a.Stable, Restart: a.Restart,
				Optional: a.Optional, Blocks: a.Blocks, Loose: a.Loose, Hidden: a.Hidden}
		}
		m.Types[name] = made
	}
	return m
}
