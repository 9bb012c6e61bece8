package sdktest

import (
	"testing"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

// Suite is one resource type and the cases to try it on.
type Suite struct {
	Provider sdk.Provider
	Type     string // its name in the provider's schema
	// Remembered marks a type whose things live in the engine's state alone, as a generated secret does: Read
	// reports what is known, and a repeated creation may compute other values.
	Remembered bool
	Cases      []Case // at least one
}

// Case is one way to use the type.
type Case struct {
	Name string
	// New prepares the place for one thing and is called once for every law. The things of two calls have
	// nothing to do with each other. It is called from the test's own goroutine.
	New func(t *testing.T) Thing
}

// Values are the attributes that a user sets and the engine fills in; the suite adds defaults and nulls as the
// engine does.
type Values map[string]cty.Value

// Thing is one thing that the suite creates, changes and deletes, several times over.
type Thing struct {
	Create  Values
	Updates []Values // each is reached from the one before; an attribute marked Replace stays the same
	Wrong   []Values // what cannot be made true, so that its creation fails
	// Observe looks at the world without the provider; results are compared with reflect.DeepEqual.
	// Nil if there is nothing to see.
	Observe func() any
	// Damage changes a thing that exists behind the provider's back. Nil if that is not possible.
	Damage func()
}

// Run tries every law on every case, each as a subtest.
func Run(t *testing.T, s Suite) {
	t.Helper()
	schema, ok := s.Provider.Schema().Types[s.Type]
	if !ok {
		t.Fatalf("the provider's schema has no type %q", s.Type)
	}
	if s.Provider.Resource(s.Type) == nil {
		t.Fatalf("the provider lists the type %q and does not supply it", s.Type)
	}
	if len(s.Cases) == 0 {
		t.Fatal("the suite has no cases")
	}
	t.Run("schema", func(t *testing.T) {
		for _, err := range schemaFaults(schema) {
			t.Error(err)
		}
	})
	for _, c := range s.Cases {
		t.Run(c.Name, func(t *testing.T) { runCase(t, s, c) })
	}
}

func runCase(t *testing.T, s Suite, c Case) {
	for _, l := range laws() {
		t.Run(l.name, func(t *testing.T) {
			if err := l.holds(newTrial(s, c.New(t), 0)); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("concurrent", func(t *testing.T) {
		if err := concurrent(s, func() Thing { return c.New(t) }); err != nil {
			t.Error(err)
		}
	})
}

// A law is one promise of sdk.Resource.
type law struct {
	name  string
	holds func(*trial) error
}

func laws() []law {
	return []law{
		{"read before creation", readBeforeCreation},
		{"create", create},
		{"same token", sameToken},
		{"update", update},
		{"undo creation", undoCreation},
		{"undo update", undoUpdate},
		{"delete", deletion},
		{"undo deletion", undoDeletion},
		{"drift", drift},
		{"interrupted creation", interruptedCreation},
		{"interrupted update", interruptedUpdate},
		{"interrupted deletion", interruptedDeletion},
		{"failure", failure},
	}
}
