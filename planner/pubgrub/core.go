package pubgrub

// core lists the rules that the proof in reasons rests on, each once.
func (s *Solver) core() []*Rule {
	var rules []*Rule
	seen := make([]bool, len(s.clauses))
	stack := append([]reason(nil), s.reasons...)
	for len(stack) > 0 {
		c := stack[len(stack)-1].clause
		stack = stack[:len(stack)-1]
		if seen[c] {
			continue
		}
		seen[c] = true
		if rule := s.clauses[c].rule; rule != nil {
			rules = append(rules, rule)
		}
		stack = append(stack, s.clauses[c].reasons...)
	}
	return rules
}

// bare is a problem without its rules.
type bare struct{ Problem }

func (bare) Rules(Package, Version) []*Rule { return nil }

// Choose picks the newest, so that the order of rules alone decides what is told.
func (bare) Choose(_ Package, allowed Set, _ func(Package) Set) Version { return allowed.Max() }

// Minimize leaves out of rules that cannot all be kept as many as it can: of the result none can be left out. It stops early
// after about so many conflicts, with a result that is only smaller.
func Minimize(problem Problem, rules []*Rule, conflicts int) []*Rule {
	s := NewSolver(bare{problem})
	for i := 0; i < len(rules) && conflicts > 0; {
		r := s.Solve(without(rules, i))
		conflicts -= r.Conflicts
		if r.Solvable {
			i++
			continue
		}
		rules = keep(rules, i, r.Core)
	}
	return rules
}

// without returns rules but the one at i.
func without(rules []*Rule, i int) []*Rule {
	return append(append(make([]*Rule, 0, len(rules)), rules[:i]...), rules[i+1:]...)
}

// keep returns those of rules that are in core, in their order; the first n are needed, so they are.
func keep(rules []*Rule, n int, core []*Rule) []*Rule {
	in := make(map[*Rule]bool, len(core))
	for _, rule := range core {
		in[rule] = true
	}
	kept := append(make([]*Rule, 0, len(core)), rules[:n]...)
	for _, rule := range rules[n:] {
		if in[rule] {
			kept = append(kept, rule)
		}
	}
	return kept
}
