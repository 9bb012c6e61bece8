package pubgrub

// core lists the rules that the proof in reasons rests on, each once.
func (s *Solver) core() []*Rule {
	var rules []*Rule
	seen := make([]bool, len(s.clauses))
	stack := append([]int32(nil), s.reasons...)
	for len(stack) > 0 {
		c := stack[len(stack)-1]
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

// Minimizer makes cores smaller. Like a Solver it keeps its memory, and is not safe for concurrent use.
type Minimizer struct{ solver *Solver }

// NewMinimizer returns a minimizer of cores of problem.
func NewMinimizer(problem Problem) *Minimizer { return &Minimizer{NewSolver(bare{problem})} }

// Minimize leaves out of rules that cannot all be kept as many as it can: of the result none can be left out, if effort is
// enough. Effort bounds the work, counted in rules looked at; a core of n rules takes about n times n.
func (m *Minimizer) Minimize(rules []*Rule, effort int) []*Rule {
	for size := max(1, len(rules)/coarse); ; size = max(1, size/coarse) {
		for i := 0; i < len(rules); {
			if effort -= len(rules); effort < 0 {
				return rules
			}
			end := min(i+size, len(rules))
			r := m.solver.Solve(without(rules, i, end))
			effort -= effortPerConflict * r.Conflicts
			if r.Solvable {
				i = end
				continue
			}
			rules = keep(rules, i, r.Core)
		}
		if size == 1 {
			return rules
		}
	}
}

const (
	coarse            = 8  // the share of the rules that is left out at a time, first of all
	effortPerConflict = 20 // in rules looked at
)

// without returns rules but those from i up to end.
func without(rules []*Rule, i, end int) []*Rule {
	return append(append(make([]*Rule, 0, len(rules)), rules[:i]...), rules[end:]...)
}

// keep returns the first n of rules, and those of the rest that are in core, in their order.
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
