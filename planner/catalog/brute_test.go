package catalog

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/planner/pubgrub"
	"github.com/nsynapse/recipe/planner/semver"
)

// written is a package in a version, as text: "a 1.0.0", then "a >=1" that it depends on, "-s >=1" that it requires and "+s 1"
// that it provides.
type written []string

func need(text string) Need {
	name, constraint, _ := strings.Cut(text, " ")
	c, err := semver.ParseConstraint(constraint)
	if err != nil {
		panic(err)
	}
	return Need{Name: name, Constraint: c}
}

func (w written) release() (string, Release) {
	name, version, _ := strings.Cut(w[0], " ")
	r := Release{Version: semver.MustParse(version), Text: version}
	for _, line := range w[1:] {
		switch n := need(line[1:]); line[0] {
		case '+':
			_, version, _ := strings.Cut(line, " ")
			r.Provides = append(r.Provides, Offer{n.Name, semver.MustParse(version)})
		case '-':
			r.Requires = append(r.Requires, n)
		default:
			r.Depends = append(r.Depends, need(line))
		}
	}
	return name, r
}

func catalogOf(list ...written) *Catalog {
	c := New()
	for _, w := range list {
		c.Add(w.release())
	}
	return c
}

var (
	packageNames = []string{"a", "b", "c", "d", "e"}
	constraints  = []string{"*", "=1.0.0", ">=1.1.0", "^1", "<1.1.0", "!=1.1.0", "^2", "^3", "1.0.0 || 2.0.0", "!=1.0.5"}
)

// shelves draws all versions of a few packages; "e" is never there.
func shelves() *rapid.Generator[[]written] {
	constraint := rapid.SampledFrom(constraints)
	return rapid.Custom(func(t *rapid.T) []written {
		var list []written
		for _, name := range packageNames[:4] {
			for _, version := range []string{"1.0.0", "1.1.0", "2.0.0"}[:rapid.IntRange(1, 3).Draw(t, "versions")] {
				w := written{name + " " + version}
				for range rapid.IntRange(0, 2).Draw(t, "depends") {
					w = append(w, rapid.SampledFrom(packageNames).Draw(t, "package")+" "+constraint.Draw(t, "constraint"))
				}
				for range rapid.IntRange(0, 2).Draw(t, "requires") {
					w = append(w, "-"+rapid.SampledFrom([]string{"s", "t"}).Draw(t, "service")+" "+constraint.Draw(t, "constraint"))
				}
				for range rapid.IntRange(0, 2).Draw(t, "provides") {
					w = append(w, "+"+rapid.SampledFrom([]string{"s", "t"}).Draw(t, "service")+" "+rapid.SampledFrom([]string{"1.0.0", "1.1.0", "2.0.0"}).Draw(t, "version"))
				}
				list = append(list, w)
			}
		}
		return list
	})
}

// chosen maps packages to versions.
type chosen map[string]Release

// meets reports whether everything that is asked for, needed and required is there.
func (c chosen) meets(asked []Need) bool {
	there := func(n Need) bool { r, ok := c[n.Name]; return ok && n.Constraint.Allows(r.Version) }
	served := func(n Need) bool {
		for _, r := range c {
			if r.meets(&n) {
				return true
			}
		}
		return false
	}
	for _, n := range asked {
		if !there(n) {
			return false
		}
	}
	for _, r := range c {
		for _, n := range r.Depends {
			if !there(n) {
				return false
			}
		}
		for _, n := range r.Requires {
			if !served(n) {
				return false
			}
		}
	}
	return true
}

// solvable tries every version of every package, and every package not being there.
func solvable(list []written, asked []Need) bool {
	versions := map[string][]Release{}
	for _, w := range list {
		name, r := w.release()
		versions[name] = append(versions[name], r)
	}
	c := chosen{}
	var try func(at int) bool
	try = func(at int) bool {
		if at == len(packageNames) {
			return c.meets(asked)
		}
		name := packageNames[at]
		delete(c, name)
		if try(at + 1) {
			return true
		}
		for _, r := range versions[name] {
			c[name] = r
			if try(at + 1) {
				return true
			}
		}
		delete(c, name)
		return false
	}
	return try(0)
}

func TestAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := shelves().Draw(t, "packages")
		r := NewResolver(catalogOf(list...))
		for range 3 {
			var asked []Need
			for range rapid.IntRange(1, 2).Draw(t, "asked") {
				asked = append(asked, need(rapid.SampledFrom(packageNames).Draw(t, "name")+" "+rapid.SampledFrom(constraints).Draw(t, "constraint")))
			}
			got := r.Resolve(asked)
			if want := solvable(list, asked); got.Solvable != want {
				t.Fatalf("%v is solvable: %t, want %t", asked, got.Solvable, want)
			}
			if !got.Solvable {
				if got.Explanation == "" {
					t.Fatalf("nothing is said of %v", asked)
				}
				continue
			}
			if err := verify(list, asked, got.Versions); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func verify(list []written, asked []Need, versions map[string]string) error {
	c := chosen{}
	for _, w := range list {
		name, r := w.release()
		if versions[name] == r.Text {
			c[name] = r
		}
	}
	if len(c) != len(versions) {
		return fmt.Errorf("%v are not all there", versions)
	}
	if !c.meets(asked) {
		return fmt.Errorf("%v does not meet %v", versions, asked)
	}
	return nothingIdle(c, asked)
}

// nothingIdle demands that nothing is chosen that nobody asks for, needs or could use.
func nothingIdle(c chosen, asked []Need) error {
	used := map[string]bool{}
	for _, n := range asked {
		used[n.Name] = true
	}
	for _, r := range c {
		for _, n := range r.Depends {
			used[n.Name] = true
		}
		for _, n := range r.Requires {
			for name, provider := range c {
				used[name] = used[name] || provider.meets(&n)
			}
		}
	}
	for name := range c {
		if !used[name] {
			return fmt.Errorf("%s is chosen for nothing in %v", name, c)
		}
	}
	return nil
}

// TestMatching holds what a constraint allows of a package against asking of each version.
func TestMatching(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		versions := rapid.SliceOfNDistinct(rapid.StringMatching(`[0-2]\.[0-2]\.[0-2](-a)?`), 1, 12, rapid.ID[string]).Draw(t, "versions")
		c := New()
		for _, v := range versions {
			c.Add("a", Release{Version: semver.MustParse(v), Text: v})
		}
		c.sort()
		n := need("a " + rapid.SampledFrom(append(constraints, "!=1.0.1, !=1.1.2", "<1.0.0 || >1.0.0", ">=1.0.0-a", "<1 || >=1")).Draw(t, "constraint"))
		var want pubgrub.Set
		for i := range c.packages[0].releases {
			if n.Constraint.Allows(c.packages[0].releases[i].Version) {
				want = want.With(pubgrub.Version(i + 1))
			}
		}
		if got := c.packages[0].matching(&n.Constraint); !got.Equal(want) {
			t.Fatalf("%s of %v is %v, want %v", n.Constraint.String(), versions, got, want)
		}
	})
}

// TestSameAnswer demands that an answer does not depend on the queries before it.
func TestSameAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := shelves().Draw(t, "packages")
		used := NewResolver(catalogOf(list...))
		for _, name := range rapid.Permutation(packageNames).Draw(t, "names") {
			again, fresh := used.Resolve([]Need{need(name + " *")}), NewResolver(catalogOf(list...)).Resolve([]Need{need(name + " *")})
			if !maps.Equal(again.Versions, fresh.Versions) || again.Explanation != fresh.Explanation || again.Decisions != fresh.Decisions {
				t.Fatalf("%s is %+v after other queries, else %+v", name, again, fresh)
			}
		}
	})
}
