package sdktest

import (
	"testing"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/laws"
	"github.com/zclconf/go-cty/cty"
)

// Suite is one resource type and the cases to try it on.
type Suite struct {
	Provider   sdk.Provider
	Type       string // its name in the provider's schema
	Remembered bool   // see laws.Subject
	Kill       func() // see laws.Subject
	Cases      []Case // at least one
}

func (s Suite) subject() laws.Subject {
	return laws.Subject{Provider: s.Provider, Type: s.Type, Remembered: s.Remembered, Kill: s.Kill}
}

// Case is one way to use the type.
type Case struct {
	Name string
	// New prepares the place for one thing and is called once for every law. The things of two calls have
	// nothing to do with each other. It is called from the test's own goroutine.
	New func(t *testing.T) Thing
}

// Thing is what a Case makes, and Values are what it sets.
type (
	Thing  = laws.Thing
	Values = laws.Values
)

// Object is laws.Object.
func Object(t sdk.TypeSchema, values Values) cty.Value { return laws.Object(t, values) }

// Run tries every law on every case, each as a subtest. Run it with -race.
func Run(t *testing.T, s Suite) {
	t.Helper()
	if len(s.Cases) == 0 {
		t.Fatal("the suite has no cases")
	}
	t.Run("schema", func(t *testing.T) {
		_, faults := laws.Schema(s.subject())
		for _, err := range faults {
			t.Error(err)
		}
	})
	for _, c := range s.Cases {
		t.Run(c.Name, func(t *testing.T) { runCase(t, s, c) })
	}
}

func runCase(t *testing.T, s Suite, c Case) {
	for _, l := range laws.All(s.subject()) {
		t.Run(l.Name, func(t *testing.T) {
			if err := l.Try(s.subject(), func() Thing { return c.New(t) }); err != nil {
				t.Error(err)
			}
		})
	}
}
