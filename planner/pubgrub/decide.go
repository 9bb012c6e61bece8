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
		s.waiting.set(p, urgency{d.activity, d.rank, int32(d.allowed.Len())})
	}
}

// decide loads the rules of the preferred version of p and takes that version. If one of its rules is broken already, all
// versions that bring that rule are excluded instead; if nothing else is left, the rule is a conflict, and returned.
func (s *Solver) decide(p Package) (broken int32) {
	v := s.problem.Choose(p, s.packages[p].allowed, s.known)
	for _, rule := range s.problem.Rules(p, v) {
		c := s.load(rule, p)
		own, broken := s.brokenBy(p, rule)
		switch {
		case !broken:
			continue
		case s.isTrue(own):
			return c
		}
		s.forbid(own, c)
		return none
	}
	s.decideOn(p, v)
	return none
}

// brokenBy reports whether all terms of rule hold but that of p, which it returns.
func (s *Solver) brokenBy(p Package, rule *Rule) (own Term, broken bool) {
	for _, t := range rule.Terms {
		if t.Package == p {
			own = t
		} else if !s.isTrue(t) {
			return own, false
		}
	}
	return own, true
}
