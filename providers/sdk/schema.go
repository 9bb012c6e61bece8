package sdk

import (
	"time"

	"github.com/zclconf/go-cty/cty"
)

// Schema lists what a provider supplies.
type Schema struct {
	Types map[string]TypeSchema // by type name: "file", "deb"
}

// TypeSchema describes one resource type. Its values are objects with exactly these attributes; an attribute that
// is not set is null.
type TypeSchema struct {
	Description string // one sentence
	Attributes  map[string]Attribute
	// Machine marks a type that changes the machine outside RECIPE_HOME; the plan says so.
	Machine bool
	// Shared marks a type whose things live in the store and are shared between stacks: forgetting one deletes nothing.
	Shared bool
	// Data marks a type whose deletion deletes the user's data; the plan says so.
	Data bool
	// Plans marks a type that says itself how a change turns out: its Resource is a Planner.
	Plans bool
	// Plugin marks a type of a plugin: its attributes are what the recipe says. In types of the box the engine sets some
	// by their names, such as base and owner. Set by who opens plugins.
	Plugin bool
	// Patience is the longest that a call of a plugin may be silent: a Read until its answer, an Apply until the next
	// news. A plugin that is silent for longer is taken to hang and is killed. In whole seconds; 0 for 8 s, at most an
	// hour. Types in the box are trusted to end.
	Patience time.Duration
	// Configured says how the provider of the type itself is configured: the type has the attribute ProviderAttribute, which
	// the engine sets from what the stack or the recipe says of the provider. Nil for types without one.
	Configured *Configured
	// OneOf are attributes of which a recipe writes exactly one. Nil for nothing of the kind; plugins have none.
	OneOf []string
	// Refused says why nothing of the type can be made: "it has attributes of any type". Empty for types that work.
	Refused string
}

// Configured is the configuration of a provider, which is a part of the value of each thing that it makes: so a thing can
// be looked at and removed when nobody names its provider any more.
type Configured struct {
	Provider string // the name by which stacks and recipes know it: "terraform/random"
	Schema   TypeSchema
}

// ProviderAttribute holds the configuration of the provider in types that are Configured, a list of strings that is sensitive
// as a whole: first the configuration as JSON, then each secret in it, so that it is recognised wherever it shows.
const ProviderAttribute = "provider"

// ImportAttribute holds the id of a thing that is there already and is taken over instead of made, in types that can do that. It means
// nothing any more once the thing is recorded.
const ImportAttribute = "import-id"

// Attribute describes one attribute of a type.
type Attribute struct {
	Type        cty.Type
	Description string
	Required    bool      // the user has to set it
	Computed    bool      // the provider sets it when the user does not
	Sensitive   bool      // kept in the vault, never shown
	Default     cty.Value // taken when the user sets nothing; cty.NilVal for none
	Replace     bool      // a change makes a new thing: the old is deleted, then the new created
	Restart     bool      // a change restarts a process; only executors set it
	Stable      bool      // computed, and kept over every update
	Optional    bool      // with Computed: the user may set it too
	Blocks      bool      // a recipe may write it as blocks: NAME { … } for each object in it
	Loose       bool      // objects in it may lack attributes, which are null then
	Hidden      bool      // of no interest to people: plans do not show it
	// Check says what is wrong with a value, for the line where that is written: "must be a duration such as \"90s\"". It gets
	// known values of the type that are neither null nor sensitive. Nil for nothing; plugins have none.
	Check func(cty.Value) error
}

// Object returns the cty type of the values of the type.
func (t TypeSchema) Object() cty.Type {
	atts := make(map[string]cty.Type, len(t.Attributes))
	for name, a := range t.Attributes {
		atts[name] = a.Type
	}
	return cty.Object(atts)
}
