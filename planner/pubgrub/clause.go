package pubgrub

import "math"

// clause is a rule in use, or one that was learned. It is watched by two of its terms: as long as neither is known to
// hold, nothing follows from it. A clause of one term is not watched.
type clause struct {
	terms   []Term
	watched [2]int32 // positions in terms
	rule    *Rule    // nil if it was learned
	reasons []reason // what a learned clause was resolved from: the first one alone, the others over their package
}

// reason is a clause that took part in a resolution.
type reason struct {
	clause int32
	over   Package
}

func (s *Solver) add(c clause) int32 {
	s.clauses = append(s.clauses, c)
	return int32(len(s.clauses) - 1)
}

// load makes a clause of a rule that a version of p brings, once. The clause watches p, which is about to be decided, and
// of its other terms one that does not hold, or else the one that came to hold last: it is the first to be taken back.
func (s *Solver) load(r *Rule, p Package) int32 {
	if r.ID >= len(s.loaded) {
		s.loaded = append(s.loaded, make([]int32, r.ID+1+len(s.loaded)/2-len(s.loaded))...)
	}
	if at := s.loaded[r.ID]; at != 0 {
		return at - 1
	}
	c := s.add(clause{terms: r.Terms, rule: r})
	s.loaded[r.ID] = c + 1
	own, other, latest := none, none, none
	for i, t := range r.Terms {
		s.touch(t.Package)
		if t.Package == p {
			own = int32(i)
		} else if at := s.heldSince(t); other == none || at > latest {
			other, latest = int32(i), at
		}
	}
	if other != none {
		s.watch(c, own, other)
	}
	return c
}

// heldSince returns the step of the trail after which t holds, or a later one than any if it does not.
func (s *Solver) heldSince(t Term) int32 {
	if !s.isTrue(t) {
		return math.MaxInt32
	}
	return s.satisfier(t)
}

func (s *Solver) watch(c, first, second int32) {
	s.clauses[c].watched = [2]int32{first, second}
	for _, at := range s.clauses[c].watched {
		d := &s.packages[s.clauses[c].terms[at].Package]
		d.watchers = append(d.watchers, c)
	}
}

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

// wake looks at the clauses that watch p, of which more is known now.
func (s *Solver) wake(p Package) int32 {
	list := s.packages[p].watchers
	kept := list[:0]
	for i, c := range list {
		if s.passOn(p, c) {
			continue
		}
		kept = append(kept, c)
		if s.conclude(p, c) {
			continue
		}
		s.packages[p].watchers = append(kept, list[i+1:]...)
		return c
	}
	s.packages[p].watchers = kept
	return none
}

// passOn lets another term of c be watched instead of that of p, if that one holds; it reports whether it did.
func (s *Solver) passOn(p Package, c int32) bool {
	k := &s.clauses[c]
	mine, other := k.sides(p)
	if len(k.terms) == 2 || !s.isTrue(k.terms[k.watched[mine]]) || s.isFalse(k.terms[k.watched[other]]) {
		return false
	}
	for i, t := range k.terms {
		if int32(i) == k.watched[0] || int32(i) == k.watched[1] || s.isTrue(t) {
			continue
		}
		k.watched[mine] = int32(i)
		d := &s.packages[t.Package]
		d.watchers = append(d.watchers, c)
		return true
	}
	return false
}

// conclude draws the conclusion from c if only one of its terms is not known to hold; it reports false if all hold.
func (s *Solver) conclude(p Package, c int32) bool {
	k := &s.clauses[c]
	mine, other := k.sides(p)
	last := k.terms[k.watched[other]]
	if !s.isTrue(k.terms[k.watched[mine]]) || s.isFalse(last) {
		return true
	}
	if s.isTrue(last) {
		return false
	}
	s.forbid(last, c)
	return true
}

// sides returns which of the two watched terms is that of p, and which is the other.
func (k *clause) sides(p Package) (mine, other int) {
	if k.terms[k.watched[0]].Package == p {
		return 0, 1
	}
	return 1, 0
}
