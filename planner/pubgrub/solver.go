package pubgrub

// Solver answers queries about one problem, one after the other; it keeps its memory between them and nothing else, so
// an answer does not depend on the ones before. It is not safe for concurrent use.
type Solver struct {
	problem Problem

	packages        []domain
	touched         []Package // those with something known
	clauses         []clause
	literals        []literal // of clauses
	loaded          []int32   // by Rule.ID: the number of its clause and 1; 0 if it is not loaded
	learned         []int32   // the clauses that were learned and are not dropped
	limit           int       // of their number
	overdue         []int32   // clauses whose late conclusions were taken back
	trail           []step
	levels          []int32 // the length of the trail when each decision was made
	head            int     // the trail up to here is propagated
	waiting         heap    // what is to be decided
	weight          float64 // what a conflict adds to the activity of its packages
	work            []working
	reasons         []int32 // the clauses that work was resolved from
	sets            arena
	room, knownRoom Set // to make a Set in

	farBack, learnedLimit, limitGrowth int // the constants; small ones in tests

	decisions, conflicts int
}

// NewSolver returns a solver of problem.
func NewSolver(problem Problem) *Solver {
	return &Solver{problem: problem, farBack: farBack, learnedLimit: learnedLimit, limitGrowth: limitGrowth}
}

// Solve looks for a solution that also keeps the given rules.
func (s *Solver) Solve(roots []*Rule) Result {
	defer s.reset()
	s.weight, s.limit = 1, s.learnedLimit
	for _, root := range roots {
		if !s.demand(root) {
			return s.failure()
		}
	}
	for {
		broken := s.propagate()
		if broken == none {
			p, ok := s.next()
			if !ok {
				return s.solution()
			}
			broken = s.decide(p)
		}
		if broken != none && !s.learn(broken) {
			return s.failure()
		}
	}
}

// demand adds a rule of the query, before any decision; it reports false if there is no solution because of it.
func (s *Solver) demand(root *Rule) bool {
	c := s.addRule(root)
	terms := s.clauses[c].terms
	var open []int32 // terms that are not known to hold
	for i := range terms {
		t := &terms[i]
		s.packages[t.pack].rank = rankNamed
		s.await(t.pack)
		if !s.isTrue(t) {
			open = append(open, int32(i))
		}
	}
	switch len(open) {
	case 0:
		return s.learn(c)
	case 1:
		s.forbid(&terms[open[0]], c)
	default:
		s.watch(c, open[0], open[1])
	}
	return true
}

func (s *Solver) solution() Result {
	r := Result{Solvable: true, Decisions: s.decisions, Conflicts: s.conflicts}
	for _, at := range s.levels {
		taken := s.trail[at]
		r.Chosen = append(r.Chosen, Choice{taken.pack, taken.after.first()})
	}
	return r
}

func (s *Solver) failure() Result {
	return Result{Decisions: s.decisions, Conflicts: s.conflicts, Core: s.core()}
}

// reset forgets the query.
func (s *Solver) reset() {
	for _, p := range s.touched {
		d := &s.packages[p]
		*d = domain{watchers: d.watchers[:0], history: d.history[:0]}
	}
	for i := range s.clauses {
		if rule := s.clauses[i].rule; rule != nil && rule.ID >= 0 && rule.ID < len(s.loaded) {
			s.loaded[rule.ID] = 0
		}
	}
	clear(s.clauses)
	clear(s.literals)
	s.literals = s.literals[:0]
	s.touched, s.clauses, s.trail, s.levels = s.touched[:0], s.clauses[:0], s.trail[:0], s.levels[:0]
	s.head, s.decisions, s.conflicts = 0, 0, 0
	s.work, s.reasons, s.learned = s.work[:0], s.reasons[:0], s.learned[:0]
	s.waiting.reset()
	s.sets.reset()
}
