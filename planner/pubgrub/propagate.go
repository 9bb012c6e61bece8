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
	list, open := d.watchers, d.allowed.mask
	kept := 0
	for i := range list {
		w := &list[i]
		if open&^w.mask == 0 && s.packages[w.pack].allowed.mask&w.other != 0 {
			c := w.clause
			switch s.follow(p, c) {
			case leaves:
				continue
			case breaks:
				d.watchers = append(list[:kept], list[i:]...)
				return c
			}
		}
		if kept != i {
			list[kept] = *w
		}
		kept++
	}
	d.watchers = list[:kept]
	return none
}

// outcome is what comes of a clause when a term that it waits for seems to hold.
type outcome int

const (
	stays  outcome = iota // it goes on waiting for the term
	leaves                // it waits for another one instead, or for nothing any more
	breaks                // all its terms hold
)

// follow looks for another term that c can wait for instead of that of p, if that holds. If there is none, the other one
// that it waits for must not hold.
func (s *Solver) follow(p Package, c int32) outcome {
	k := &s.clauses[c]
	if k.dropped {
		return leaves
	}
	mine, other := 0, 1
	if k.terms[k.watched[0]].pack != p {
		mine, other = 1, 0
	}
	last := &k.terms[k.watched[other]]
	if !s.isTrue(&k.terms[k.watched[mine]]) || s.isFalse(last) {
		return stays
	}
	for i := range k.terms {
		if t := &k.terms[i]; int32(i) != k.watched[0] && int32(i) != k.watched[1] && !s.isTrue(t) {
			k.watched[mine] = int32(i)
			s.attach(c, t, last)
			return leaves
		}
	}
	if s.isTrue(last) {
		return breaks
	}
	s.forbid(last, c)
	return stays
}
