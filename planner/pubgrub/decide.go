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

// decide takes the preferred version of p and loads its rules. If one of them is broken already, all versions that bring
// that rule are excluded instead; if nothing else is left, the rule is a conflict, and returned.
func (s *Solver) decide(p Package) (broken int32) {
	v := s.problem.Choose(p, s.packages[p].allowed, s.known)
	rules := s.problem.Rules(p, v)
	for _, rule := range rules {
		own, broken := s.brokenBy(p, rule)
		switch {
		case !broken:
			continue
		case s.isTrue(own):
			return s.load(rule, p)
		}
		s.forbid(own, s.load(rule, p))
		return none
	}
	for _, rule := range rules {
		s.load(rule, p)
	}
	s.decideOn(p, v)
	return none
}

// brokenBy reports whether all terms of rule hold but that of p, which it returns.
func (s *Solver) brokenBy(p Package, rule *Rule) (own Term, broken bool) {
	broken = true
	for _, t := range rule.Terms {
		if t.Package == p {
			own = t
			continue
		}
		s.touch(t.Package)
		broken = broken && s.isTrue(t)
	}
	return own, broken
}
