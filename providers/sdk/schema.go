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
	// Plugin marks a type of a plugin: its attributes are what the recipe says. In types of the box the engine sets some
	// by their names, such as base and owner. Set by who opens plugins.
	Plugin bool
	// Patience is the longest that a call of a plugin may be silent: a Read until its answer, an Apply until the next
	// news. A plugin that is silent for longer is taken to hang and is killed. In whole seconds; 0 for 8 s, at most an
	// hour. Types in the box are trusted to end.
	Patience time.Duration
}

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
}

// Object returns the cty type of the values of the type.
func (t TypeSchema) Object() cty.Type {
	atts := make(map[string]cty.Type, len(t.Attributes))
	for name, a := range t.Attributes {
		atts[name] = a.Type
	}
	return cty.Object(atts)
}
