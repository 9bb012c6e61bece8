package pubgrub

// next returns the package that is to be decided next; false when everything is decided.
func (s *Solver) next() (Package, bool) {
	for {
		p, ok := s.waiting.pop()
		if !ok {
			return 0, false
		}
		if s.packages[p].isDemanded() {
			return p, true
		}
	}
}

// await queues p if it is to be decided, or queues it anew when more or less is known of it.
func (s *Solver) await(p Package) {
	if d := &s.packages[p]; d.isDemanded() {
		s.waiting.set(p, urgency{d.activity, d.rank, int32(d.allowed.len())})
	}
}

// decide takes the preferred version of p and loads its rules. If one of them is broken already, all versions that bring
// that rule are excluded instead; if nothing else is left, the rule is a conflict, and returned.
func (s *Solver) decide(p Package) (broken int32) {
	s.room = s.packages[p].allowed.sorted(s.room)
	v := s.problem.Choose(p, s.room, s.known)
	rules := s.problem.Rules(p, v)
	for _, rule := range rules {
		c := s.clauseOf(rule)
		own, broken := s.brokenBy(p, c)
		if !broken {
			continue
		}
		if s.load(c, p); s.isTrue(own) {
			return c
		}
		s.forbid(own, c)
		return none
	}
	for _, rule := range rules {
		s.load(s.clauseOf(rule), p)
	}
	s.decideOn(p, v)
	return none
}

// brokenBy reports whether all terms of c hold but that of p, which it returns.
func (s *Solver) brokenBy(p Package, c int32) (own *literal, broken bool) {
	broken = true
	terms := s.clauses[c].terms
	for i := range terms {
		if t := &terms[i]; t.pack == p {
			own = t
		} else {
			broken = broken && s.isTrue(t)
		}
	}
	return own, broken
}
