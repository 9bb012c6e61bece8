package typed

import (
	"context"
	"fmt"
	"time"

	"github.com/nsynapse/recipe/providers/sdk"
)

// Type is one resource type whose things are described by structs T. Its functions may be called at the same time for
// different things. Each may find its work done already, or half done by an attempt that was cut off, and then does what is
// left.
type Type[T any] struct {
	Name        string // begins with the provider's: "postgresql_extension" of acme/postgresql
	Description string // one sentence
	Machine     bool   // it changes the machine outside RECIPE_HOME
	Shared      bool   // its things are shared between stacks
	Data        bool   // removing a thing removes the user's data
	// Patience is how long a call may go without news; 0 for 8 s.
	Patience time.Duration

	// Read looks at a thing as last known, and returns how it is; nil if it is not there. It changes nothing.
	Read func(ctx context.Context, known T) (*T, error)
	// Make makes the thing as it is wanted, and returns it with all that is computed. With an error it returns what it
	// left, nil for nothing.
	Make func(ctx context.Context, c Change[T]) (*T, error)
	// Remove takes the thing away. That it is not there is no error.
	Remove func(ctx context.Context, c Removal[T]) error
	// Plan says of a thing what is known before it is made, and which changes need a new one besides those of attributes with replace.
	// Nil leaves that to recipe: then what is computed is not known before unless it is stable. It changes nothing, and is asked
	// again before Make: with the same answer, or nothing is made.
	Plan func(ctx context.Context, p *Prospect[T]) error
}

// Change is what Make is asked for.
type Change[T any] struct {
	Call
	Before *T // as it was; nil if there is none yet
	Wanted T  // what is computed is zero, unless it stays or Plan has settled it
}

// Removal is what Remove is asked for.
type Removal[T any] struct {
	Call
	Thing T
}

// Call is what both have in common.
type Call struct {
	Address string     // the stable name, unique in the stack
	Stack   string     // the stack that the thing belongs to
	Token   string     // the same for all attempts
	Undo    bool       // takes back a change of the same run: what the user's data lives in is kept
	Report  sdk.Report // where progress and lines for the user go
}

// Definition is a Type of any struct.
type Definition interface {
	define() (name string, t sdk.TypeSchema, r sdk.Resource, err error)
}

func (t Type[T]) define() (string, sdk.TypeSchema, sdk.Resource, error) {
	attributes, err := attributesOf[T]()
	if err == nil && (t.Read == nil || t.Make == nil || t.Remove == nil) {
		err = fmt.Errorf("it needs Read, Make and Remove")
	}
	schema := sdk.TypeSchema{Description: t.Description, Attributes: attributes,
		Machine: t.Machine, Shared: t.Shared, Data: t.Data, Patience: t.Patience, Plans: t.Plan != nil}
	r := resource[T]{t, schema}
	if t.Plan != nil {
		return t.Name, schema, planner[T]{r}, err
	}
	return t.Name, schema, r, err
}

// Provider returns the provider of types. It panics when a struct cannot be a type: that is a mistake in the program.
func Provider(types ...Definition) sdk.Provider {
	p := provider{schema: sdk.Schema{Types: map[string]sdk.TypeSchema{}}, resources: map[string]sdk.Resource{}}
	for _, t := range types {
		name, schema, r, err := t.define()
		if err != nil {
			panic(fmt.Sprintf("the resource type %s: %s", name, err))
		}
		if _, twice := p.resources[name]; twice {
			panic(fmt.Sprintf("the resource type %s is there twice", name))
		}
		p.schema.Types[name], p.resources[name] = schema, r
	}
	return p
}

type provider struct {
	schema    sdk.Schema
	resources map[string]sdk.Resource
}

var _ sdk.Provider = provider{}

func (p provider) Schema() sdk.Schema { return p.schema }

func (p provider) Resource(name string) sdk.Resource { return p.resources[name] }
