package solve

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// shops draws a stack and a library in the languages of TestConflicts.
func shops() *rapid.Generator[[2]string] {
	return rapid.Custom(func(t *rapid.T) [2]string {
		constraint := rapid.SampledFrom([]string{"", ">= 1.1", "^1", "< 2", "2.0.0"})
		var library, stack strings.Builder
		for _, name := range []string{"a", "b", "c", "d"} {
			for _, version := range []string{"1.0.0", "1.1.0", "2.0.0"}[:rapid.IntRange(1, 3).Draw(t, "versions")] {
				fmt.Fprintln(&library, name, version)
				if rapid.Bool().Draw(t, "depends") {
					fmt.Fprintln(&library, "  depends", rapid.SampledFrom([]string{"c", "d"}).Draw(t, "package"), constraint.Draw(t, "constraint"))
				}
				if rapid.Bool().Draw(t, "requires") {
					fmt.Fprintln(&library, "  requires r", rapid.SampledFrom([]string{"s", "u"}).Draw(t, "service"), constraint.Draw(t, "constraint"))
				}
				if rapid.Bool().Draw(t, "provides") {
					fmt.Fprintln(&library, "  provides", rapid.SampledFrom([]string{"s", "u"}).Draw(t, "service"), rapid.SampledFrom([]string{"1.0.0", "1.1.0", "2.0.0"}).Draw(t, "version"))
				}
			}
		}
		for i := range rapid.IntRange(1, 3).Draw(t, "components") {
			fmt.Fprintf(&stack, "app.x%d %s %s\n", i, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "package"), constraint.Draw(t, "constraint"))
		}
		return [2]string{stack.String(), library.String()}
	})
}

// TestLaws demands of what is chosen that it meets everything, and that it is chosen again when it is locked.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := shops().Draw(t, "stack and library")
		library := libraryOf([]byte(drawn[1]))
		wanted := stackOf([]byte(drawn[0]), library)
		lock, diags := Solve(context.Background(), wanted, library)
		if diags.HasErrors() {
			if told(diags) == "" {
				t.Fatal("nothing is said")
			}
			return
		}
		for _, c := range lock.Components {
			checkComponent(t, lock, library, c)
		}
		for _, p := range lock.Packages {
			wanted.Locked[p.Name] = append(wanted.Locked[p.Name], p.Version)
		}
		for _, b := range lock.Bindings {
			c := componentIn(lock, b)
			name, before := lock.Packages[c.Package].Name, wanted.Taken[b.Service]
			if c.Added != "" && before != "" && before != name {
				return // the lock keeps one implementation of a service, and here are two
			}
			if c.Added != "" {
				wanted.Taken[b.Service] = name
			}
		}
		again, _ := Solve(context.Background(), wanted, library)
		if !reflect.DeepEqual(lock.Packages, again.Packages) {
			t.Fatalf("locked %v, then chose %v", lock.Packages, again.Packages)
		}
	})
}

func componentIn(l *Lock, b Binding) Component {
	return l.Components[slices.IndexFunc(l.Components, func(c Component) bool { return c.Component == b.Implementation })]
}

func manifestIn(library box, p Package) *Manifest {
	versions := library[p.Name]
	return versions[slices.IndexFunc(versions, func(m *Manifest) bool { return m.Version.String() == p.Version })]
}

// checkComponent demands that all that a component requires is bound to what provides it, and that all that it depends on is
// there.
func checkComponent(t *rapid.T, lock *Lock, library box, c Component) {
	m := manifestIn(library, lock.Packages[c.Package])
	for _, r := range m.Requires {
		at := slices.IndexFunc(lock.Bindings, func(b Binding) bool { return b.Consumer == c.Component && b.Requirement == r.Name })
		if at < 0 {
			t.Fatalf("%s of %s is not bound", r.Name, c.Component)
		}
		by := componentIn(lock, lock.Bindings[at])
		if fits, _ := manifestIn(library, lock.Packages[by.Package]).serves(&r); !fits || by.Component == c.Component {
			t.Fatalf("%s of %s is bound to %s, which does not provide it", r.Name, c.Component, by.Component)
		}
	}
	for _, d := range m.Depends {
		if !slices.ContainsFunc(lock.Packages, func(p Package) bool {
			return p.Name == d.Package && d.Constraint.Allows(*manifestIn(library, p).Version)
		}) {
			t.Fatalf("%s depends on %s %s, which is not there", m.Name, d.Package, d.Text)
		}
	}
}
