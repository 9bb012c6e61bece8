package pubgrub

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// dense draws a problem with so many rules of so many terms that it is as often solvable as not, and takes many conflicts: here
// clauses are learned from learned ones, dropped, and concluded from late.
func dense() *rapid.Generator[*table] {
	return rapid.Custom(func(t *rapid.T) *table {
		p := &table{versions: make([]int, 9)}
		for q := range p.versions {
			p.versions[q] = rapid.SampledFrom([]int{1, 2, 2, 2, 2}).Draw(t, "versions")
		}
		if rapid.Bool().Draw(t, "of three") {
			for id := range rapid.IntRange(30, 50).Draw(t, "rules") {
				p.rules = append(p.rules, p.ofThree(t, id))
			}
			return p
		}
		for id := range rapid.IntRange(20, 60).Draw(t, "rules") {
			p.rules = append(p.rules, p.rule(t, id, false))
		}
		return p
	})
}

// ofThree draws a rule that three packages are not in some version together: about four of them for each package are hardest.
func (p *table) ofThree(t *rapid.T, id int) *Rule {
	r := &Rule{ID: id}
	for _, q := range rapid.SliceOfNDistinct(rapid.Int32Range(0, int32(len(p.versions)-1)), 3, 3, rapid.ID[int32]).Draw(t, "packages") {
		r.Terms = append(r.Terms, Term{q, SetOf(rapid.Int32Range(1, Version(p.versions[q])).Draw(t, "version"))})
	}
	return r
}

// everything asks for all packages, in any version.
func (p *table) everything() (roots []*Rule) {
	for q := range p.versions {
		roots = append(roots, &Rule{ID: -1, Terms: []Term{{Package(q), SetOf(Absent)}}})
	}
	return roots
}

// TestDense holds answers, choices and cores of dense problems against trying everything, with a solver that forgets what it
// learned after two clauses, one that draws conclusions late, and the usual one.
func TestDense(t *testing.T) {
	conflicts := 0
	rapid.Check(t, func(t *rapid.T) {
		p := dense().Draw(t, "problem")
		s := NewSolver(p)
		s.farBack = rapid.SampledFrom([]int{0, 1, farBack}).Draw(t, "far back")
		s.learnedLimit = rapid.SampledFrom([]int{2, 5, learnedLimit}).Draw(t, "learned limit")
		s.limitGrowth = 1
		for range 3 {
			var roots []*Rule
			if rapid.Bool().Draw(t, "everything") {
				roots = p.everything()
			}
			for range rapid.IntRange(0, 8).Draw(t, "roots") {
				roots = append(roots, p.rule(t, -1, true))
			}
			all := slices.Concat(p.rules, roots)
			r := s.Solve(roots)
			conflicts += r.Conflicts
			if err := p.check(all, r); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Logf("%d conflicts", conflicts)
}

// check holds a result against trying everything.
func (p *table) check(rules []*Rule, r Result) error {
	if want := p.solvable(rules); r.Solvable != want {
		return fmt.Errorf("solvable %t, want %t", r.Solvable, want)
	}
	if !r.Solvable {
		if p.solvable(r.Core) {
			return fmt.Errorf("the core can be kept: %v", r.Core)
		}
		return nil
	}
	assignment := make([]Version, len(p.versions))
	for _, c := range r.Chosen {
		assignment[c.Package] = c.Version
	}
	if !keeps(assignment, rules) {
		return fmt.Errorf("%v breaks a rule", assignment)
	}
	return nil
}
