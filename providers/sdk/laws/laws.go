package laws

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// Subject is the resource type that the laws are tried on.
type Subject struct {
	Provider sdk.Provider
	Type     string // its name in the provider's schema
	// Remembered marks a type whose things live in the engine's state alone, as a generated secret does: Read
	// reports what is known, and a repeated creation may compute other values.
	Remembered bool
	// Kill ends the process of a plugin at once; the next call starts another. Nil if there is no such process.
	Kill func()
}

// Values are the attributes that a user sets and the engine fills in; defaults and nulls are added as the engine does.
type Values map[string]cty.Value

// Thing is one thing that is created, changed and deleted, several times over.
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

// Things is how many things a law may ask for.
const Things = 4

// Law is one promise.
type Law struct {
	Name  string
	holds func(*trial) error                // on one thing
	many  func(Subject, func() Thing) error // on several; one of both is nil
}

// Try reports how s breaks the law, nil if it keeps it. fresh prepares the place for one thing; it is called from the caller's
// goroutine, and the things of two calls have nothing to do with each other.
func (l Law) Try(s Subject, fresh func() Thing) error {
	if l.many != nil {
		return l.many(s, fresh)
	}
	return l.holds(newTrial(s, fresh(), 0))
}

// All lists the laws that apply to s.
func All(s Subject) []Law {
	all := []Law{
		{"read before creation", readBeforeCreation, nil},
		{"create", create, nil},
		{"same token", sameToken, nil},
		{"update", update, nil},
		{"undo creation", undoCreation, nil},
		{"undo update", undoUpdate, nil},
		{"delete", deletion, nil},
		{"undo deletion", undoDeletion, nil},
		{"drift", drift, nil},
		{"interrupted creation", interruptedCreation, nil},
		{"interrupted update", interruptedUpdate, nil},
		{"interrupted deletion", interruptedDeletion, nil},
		{"failure", failure, nil},
		{"concurrent", nil, concurrent},
	}
	if _, plans := s.Provider.Resource(s.Type).(sdk.Planner); plans {
		all = append(all, Law{"plan", plan, nil}, Law{"plan of what is not known", planUnknown, nil}, Law{"plan that does not come true", planBroken, nil})
	}
	if s.Kill != nil {
		all = append(all, Law{"killed creation", killedCreation, nil}, Law{"killed update", killedUpdate, nil}, Law{"killed deletion", killedDeletion, nil})
	}
	return all
}

// Schema returns the schema of the type, and what is wrong with it.
func Schema(s Subject) (sdk.TypeSchema, []error) {
	t, ok := s.Provider.Schema().Types[s.Type]
	switch {
	case !ok:
		return t, []error{fmt.Errorf("the provider's schema has no type %q", s.Type)}
	case s.Provider.Resource(s.Type) == nil:
		return t, []error{fmt.Errorf("the provider lists the type %q and does not supply it", s.Type)}
	}
	faults := schemaFaults(t)
	if _, plans := s.Provider.Resource(s.Type).(sdk.Planner); plans != t.Plans {
		faults = append(faults, fmt.Errorf("the schema has plans = %t, and that the type plans for itself is %t", t.Plans, plans))
	}
	return t, faults
}
