package pubgrub

// farBack is how many decisions are not given up for a conclusion that could have been drawn before them. It is drawn late
// instead, after all decisions but the last: they hardly ever have to do with it, and would be made again one by one.
// (Nadel and Ryvchin, Chronological Backtracking, 2018.)
const farBack = 100

// returnTo tells to which level to go back for a conclusion that can be drawn at one, after a conflict at another. What
// follows from nothing is never late: no term would be watched to remember it.
func (s *Solver) returnTo(conclusion, conflict int32) (level int32, late bool) {
	if conclusion > 0 && int(conflict-1-conclusion) > s.farBack {
		return conflict - 1, true
	}
	return conclusion, false
}

// catchUp draws the conclusions again that were drawn late, were taken back now, and still follow. It does not matter if one
// is missed: when all terms of a clause come to hold, that is found where it was concluded, by the term that is watched.
func (s *Solver) catchUp() {
	for _, c := range s.overdue {
		if t := s.open(c); t != nil && !s.isFalse(t) {
			s.forbid(t, c)
		}
	}
	s.overdue = s.overdue[:0]
}

// open returns the one term of c that is not known to hold; nil if there is none, or several.
func (s *Solver) open(c int32) *literal {
	var open *literal
	terms := s.clauses[c].terms
	for i := range terms {
		switch t := &terms[i]; {
		case s.isTrue(t):
			continue
		case open != nil:
			return nil
		default:
			open = t
		}
	}
	return open
}
