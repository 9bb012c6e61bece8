package pubgrub

// propagate draws all conclusions; it returns the clause that is broken, or none.
func (s *Solver) propagate() int32 {
	for s.head < len(s.trail) {
		p := s.trail[s.head].pack
		s.head++
		if broken := s.wake(p); broken != none {
			return broken
		}
	}
	return none
}

// wake looks at the clauses that wait for p, of which more is known now. It returns the clause that is broken, or none.
func (s *Solver) wake(p Package) int32 {
	d := &s.packages[p]
	list := d.watchers
	kept := list[:0]
	for i, w := range list {
		if !d.allowed.SubsetOf(w.set) {
			kept = append(kept, w)
			continue
		}
		switch s.follow(p, w.clause) {
		case stays:
			kept = append(kept, w)
		case breaks:
			d.watchers = append(kept, list[i:]...)
			return w.clause
		}
	}
	d.watchers = kept
	return none
}

// outcome is what comes of a clause when a term that it waits for holds.
type outcome int

const (
	stays  outcome = iota // it goes on waiting for the term
	leaves                // it waits for another one instead, or for nothing any more
	breaks                // all its terms hold
)

// follow looks for another term that c can wait for instead of that of p, which holds. If there is none, the other one
// that it waits for must not hold.
func (s *Solver) follow(p Package, c int32) outcome {
	k := &s.clauses[c]
	if k.dropped {
		return leaves
	}
	mine, other := 0, 1
	if k.terms[k.watched[0]].Package != p {
		mine, other = 1, 0
	}
	last := k.terms[k.watched[other]]
	if s.isFalse(last) {
		return stays
	}
	for i, t := range k.terms {
		if int32(i) != k.watched[0] && int32(i) != k.watched[1] && !s.isTrue(t) {
			k.watched[mine] = int32(i)
			s.attach(c, t)
			return leaves
		}
	}
	if s.isTrue(last) {
		return breaks
	}
	s.forbid(last, c)
	return stays
}
