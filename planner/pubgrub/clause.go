package pubgrub

import "math"

// clause is a rule in use, or one that was learned. It is watched by two of its terms: as long as neither is known to
// hold, nothing follows from it. A clause of one term is not watched.
type clause struct {
	terms   []Term
	watched [2]int32 // positions in terms
	rule    *Rule    // nil if it was learned
	reasons []int32  // of a learned clause: those that it was resolved from
	spread  int32    // of a learned clause: see Solver.spread
	dropped bool     // nothing waits for it any more
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

// watcher is a clause that waits for a term of the package in whose list it stands; set is that term's, at hand without
// looking at the clause.
type watcher struct {
	set    Set
	clause int32
}

// watch lets c be watched by the terms at two positions.
func (s *Solver) watch(c, first, second int32) {
	k := &s.clauses[c]
	k.watched = [2]int32{first, second}
	for _, at := range k.watched {
		s.attach(c, k.terms[at])
	}
}

func (s *Solver) attach(c int32, t Term) {
	d := &s.packages[t.Package]
	d.watchers = append(d.watchers, watcher{t.Set, c})
}
