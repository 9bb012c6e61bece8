package pubgrub

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// table is a problem of a few packages.
type table struct {
	versions []int
	rules    []*Rule
}

func (p *table) Versions(q Package) int { return p.versions[q] }
func (p *table) Rank(Package) int       { return 0 }

func (p *table) Rules(q Package, v Version) []*Rule {
	var list []*Rule
	for _, r := range p.rules {
		if r.Terms[0].Package == q && r.Terms[0].Set.Contains(v) {
			list = append(list, r)
		}
	}
	return list
}

func (p *table) Choose(_ Package, allowed Set, _ func(Package) Set) Version { return allowed.Max() }

func (p *table) String() string {
	text := fmt.Sprint(p.versions)
	for _, r := range p.rules {
		text += fmt.Sprintf("\n%d: %v", r.ID, r.Terms)
	}
	return text
}

// subset draws some versions of q.
func (p *table) subset(t *rapid.T, q Package) Set {
	numbers := rapid.SliceOfNDistinct(rapid.Int32Range(1, Version(p.versions[q])), 1, p.versions[q], rapid.ID[int32]).Draw(t, "set")
	slices.Sort(numbers)
	return SetOf(numbers...)
}

// rule draws a rule about one package and up to three others, one of which may be demanded.
func (p *table) rule(t *rapid.T, id int, root bool) *Rule {
	r := &Rule{ID: id}
	others := 0
	if !root {
		others = rapid.IntRange(0, 3).Draw(t, "others")
	}
	packages := rapid.SliceOfNDistinct(rapid.Int32Range(0, int32(len(p.versions)-1)), min(others+1, len(p.versions)), min(others+1, len(p.versions)), rapid.ID[int32]).Draw(t, "packages")
	for i, q := range packages {
		set := p.subset(t, q)
		if i == 1 && rapid.IntRange(0, 3).Draw(t, "demands") > 0 {
			set = Range(Absent, Version(p.versions[q])).Without(set)
		}
		r.Terms = append(r.Terms, Term{q, set})
	}
	if root {
		q := packages[0]
		r.Terms = []Term{{q, Range(Absent, Version(p.versions[q])).Without(p.subset(t, q))}}
	}
	return r
}

func problems() *rapid.Generator[*table] {
	return rapid.Custom(func(t *rapid.T) *table {
		p := &table{versions: rapid.SliceOfN(rapid.IntRange(1, 4), 2, 5).Draw(t, "versions")}
		for id := range rapid.IntRange(0, 25).Draw(t, "rules") {
			p.rules = append(p.rules, p.rule(t, id, false))
		}
		return p
	})
}

// keeps reports whether an assignment of a number to every package keeps all rules.
func keeps(assignment []Version, rules []*Rule) bool {
	for _, r := range rules {
		broken := true
		for _, t := range r.Terms {
			broken = broken && t.Set.Contains(assignment[t.Package])
		}
		if broken {
			return false
		}
	}
	return true
}

// solvable tries everything.
func (p *table) solvable(rules []*Rule) bool {
	assignment := make([]Version, len(p.versions))
	for {
		if keeps(assignment, rules) {
			return true
		}
		at := 0
		for at < len(assignment) && assignment[at] == Version(p.versions[at]) {
			assignment[at] = 0
			at++
		}
		if at == len(assignment) {
			return false
		}
		assignment[at]++
	}
}

// TestAgainstBruteForce holds answers, cores and minimal cores against trying everything. One solver answers several
// queries, so it is also tested that nothing of one is left for the next.
func TestAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := problems().Draw(t, "problem")
		s := NewSolver(p)
		s.farBack = rapid.SampledFrom([]int{0, farBack}).Draw(t, "far back")
		for range 4 {
			var roots []*Rule
			for range rapid.IntRange(1, 3).Draw(t, "roots") {
				roots = append(roots, p.rule(t, -1, true))
			}
			all := append(slices.Clone(p.rules), roots...)
			r := s.Solve(roots)
			if want := p.solvable(all); r.Solvable != want {
				t.Fatalf("solvable %t, want %t", r.Solvable, want)
			}
			if r.Solvable {
				assignment := make([]Version, len(p.versions))
				for _, c := range r.Chosen {
					assignment[c.Package] = c.Version
				}
				if !keeps(assignment, all) {
					t.Fatalf("%v breaks a rule", assignment)
				}
				continue
			}
			checkCore(t, p, r.Core)
		}
	})
}

func checkCore(t *rapid.T, p *table, core []*Rule) {
	if p.solvable(core) {
		t.Fatalf("the core can be kept: %v", core)
	}
	minimal := NewMinimizer(p).Minimize(core, 1<<30)
	if p.solvable(minimal) {
		t.Fatalf("the minimal core can be kept: %v", minimal)
	}
	for i := range minimal {
		if !p.solvable(without(minimal, i, i+1)) {
			t.Fatalf("the core is not minimal without rule %d: %v", i, minimal)
		}
	}
}

// TestSameAnswer demands that an answer does not depend on the queries before it.
func TestSameAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := problems().Draw(t, "problem")
		used := NewSolver(p)
		used.farBack = 0
		for range 3 {
			root := []*Rule{p.rule(t, -1, true)}
			first := NewSolver(p)
			first.farBack = 0
			fresh, again := first.Solve(root), used.Solve(root)
			if !slices.Equal(fresh.Chosen, again.Chosen) || fresh.Decisions != again.Decisions || fresh.Conflicts != again.Conflicts || !slices.Equal(fresh.Core, again.Core) {
				t.Fatalf("%+v after other queries, else %+v", again, fresh)
			}
		}
	})
}
