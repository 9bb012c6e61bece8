// Package state is what is known of a stack: each resource as last seen, the generations, and the identity by which
// an old state is told from the present one.
package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/nsynapse/recipe/lang/addr"
)

// Format is the version of the encoding of Object and Generation; it changes when an older recipe could misread it.
const Format = 1

// Object is one resource as last known.
type Object struct {
	Addr    addr.Instance   `json:"addr"`
	Type    string          `json:"type"`
	Value   Encoded         `json:"value"`             // never null
	Needs   []addr.Instance `json:"needs,omitempty"`   // the resources that have to go after it
	Tainted bool            `json:"tainted,omitempty"` // what a failed creation left behind; to be replaced
	Took    time.Duration   `json:"took,omitempty"`    // its last change
}

// Decode returns the value with its secrets opened.
func (o *Object) Decode(ty cty.Type, open Open) (cty.Value, error) {
	v, err := Decode(o.Value, ty, open)
	if err != nil {
		return v, fmt.Errorf("%s: %w", o.Addr, err)
	}
	return v, nil
}

// DecodeAsFar is Decode of a value whose type may have changed since; see DecodeAsFar.
func (o *Object) DecodeAsFar(ty cty.Type, open Open) (v cty.Value, other []string, err error) {
	if v, other, err = DecodeAsFar(o.Value, ty, open); err != nil {
		return v, nil, fmt.Errorf("%s: %w", o.Addr, err)
	}
	return v, other, nil
}

// Secret reports whether anything in the value is sensitive.
func (o *Object) Secret() bool {
	return bytes.Contains(o.Value, []byte(`{"$secret"`)) || bytes.Contains(o.Value, []byte(`{"$unknown"`))
}

// Generation is one applied plan.
type Generation struct {
	Number  int             `json:"number"`
	Time    time.Time       `json:"time"`         // when it ended
	Action  string          `json:"action"`       // "apply", "destroy", "rollback", "promote" or "scale"
	Of      int             `json:"of,omitempty"` // of the last three: the generation whose files and packages were applied
	Result  string          `json:"result"`       // "done", "undone", "stopped" or "error"
	Error   string          `json:"error,omitempty"`
	Held    bool            `json:"held,omitempty"` // stopped by a failure that was not to be taken back
	Changes map[string]int  `json:"changes"`        // how many of each action
	Tree    string          `json:"tree"`           // the stack's files, a key of the store
	Lock    json.RawMessage `json:"lock,omitempty"`

	// OSPackages is what was locked of packages of the operating system, as a lock file says it; "" if nothing was.
	OSPackages string `json:"os_packages,omitempty"`

	// What else it takes to have it again.
	Variables map[string]json.RawMessage `json:"variables,omitempty"` // secrets are references
	Scale     map[addr.Component]int     `json:"scale,omitempty"`
	Plugins   []Plugin                   `json:"plugins,omitempty"`

	// Installed are the entries of the store that hold what was installed for the stack when it ended; nil of one that was recorded
	// before this was known.
	Installed []string `json:"installed"`

	Stays []addr.Instance `json:"stays,omitempty"` // the instances that keep their version until they are promoted
}

// State is all that is known of one stack. It is not safe for concurrent use.
type State struct {
	Stack       string
	Directory   string // where the stack was first applied from
	Lineage     string // random, made with the state; another state of the same name has another one
	Serial      uint64 // grows with every record
	Objects     map[addr.Instance]*Object
	Generations []Generation
	Outputs     map[string]Output
	Plugins     []Plugin // those that any plan has used, by name
}

// Plugin is a program that supplies resource types. It is in the store: a program of its own under the key of its digest, a
// published one in its package.
type Plugin struct {
	Name    string `json:"name"`              // "acme/postgresql", "terraform/random"
	Digest  string `json:"digest,omitempty"`  // the SHA-256 of a program of its own, in hexadecimal
	Package string `json:"package,omitempty"` // the key of the package of a published one
	File    string `json:"file"`              // its path in the entry of the store, with slashes
	// Protocol is what it speaks: "terraform" for a provider of Terraform, "" for a plugin of recipe.
	Protocol string `json:"protocol,omitempty"`
	// Executor marks the one that runs the instances; without one the agent does.
	Executor bool `json:"executor,omitempty"`
}

// Output is a value that the stack shows to its user.
type Output struct {
	Value     Encoded         `json:"value"`
	Type      json.RawMessage `json:"type"` // as ctyjson.MarshalType writes it
	Sensitive bool            `json:"sensitive,omitempty"`
}

// Decode returns the value, its secrets opened and marked.
func (o Output) Decode(open Open) (cty.Value, error) {
	ty, err := ctyjson.UnmarshalType(o.Type)
	if err != nil {
		return cty.NilVal, fmt.Errorf("cannot read the type of an output: %w", err)
	}
	return Decode(o.Value, ty, open)
}

// New returns the state of a stack that nothing is known of.
func New(stack, directory, lineage string) *State {
	return &State{Stack: stack, Directory: directory, Lineage: lineage, Objects: map[addr.Instance]*Object{}}
}

// Generation is the number of the last applied plan, 0 before the first.
func (s *State) Generation() int {
	if len(s.Generations) == 0 {
		return 0
	}
	return s.Generations[len(s.Generations)-1].Number
}
