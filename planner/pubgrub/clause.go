package pubgrub

import "math"

// literal is a Term as the solver works with it.
type literal struct {
	pack Package
	set  set
}

// clause is a rule in use, or one that was learned. It is watched by two of its terms: as long as neither is known to
// hold, nothing follows from it. A clause of one term is not watched.
type clause struct {
	terms   []literal
	watched [2]int32 // positions in terms; the same twice if it is not watched
	rule    *Rule    // nil if it was learned
	reasons []int32  // of a learned clause: those that it was resolved from
	spread  int32    // of a learned clause: see Solver.spread
	late    bool     // its conclusion was drawn at a later level than it could be
	dropped bool     // nothing waits for it any more
}

func (s *Solver) add(c clause) int32 {
	s.clauses = append(s.clauses, c)
	return int32(len(s.clauses) - 1)
}

// addRule makes a clause of a rule, which nothing watches yet.
func (s *Solver) addRule(r *Rule) int32 {
	from := len(s.literals)
	for _, t := range r.Terms {
		s.touch(t.Package)
		s.literals = append(s.literals, literal{t.Package, s.packages[t.Package].scale.set(t.Set)})
	}
	return s.add(clause{terms: s.literals[from:len(s.literals):len(s.literals)], rule: r})
}

// clauseOf is addRule for a rule of the problem, once.
func (s *Solver) clauseOf(r *Rule) int32 {
	if r.ID >= len(s.loaded) {
		s.loaded = append(s.loaded, make([]int32, r.ID+1+len(s.loaded)/2-len(s.loaded))...)
	}
	if s.loaded[r.ID] == 0 {
		s.loaded[r.ID] = s.addRule(r) + 1
	}
	return s.loaded[r.ID] - 1
}

// load has c watched, which is of a rule that a version of p brings. It watches p, which is about to be decided, and of the
// other terms one that does not hold, or else the one that came to hold last: it is the first to be taken back.
func (s *Solver) load(c int32, p Package) {
	k := &s.clauses[c]
	if k.watched[0] != k.watched[1] {
		return
	}
	own, other, latest := none, none, none
	for i := range k.terms {
		if t := &k.terms[i]; t.pack == p {
			own = int32(i)
		} else if at := s.heldSince(t); other == none || at > latest {
			other, latest = int32(i), at
		}
	}
	if other != none {
		s.watch(c, own, other)
	}
}

// heldSince returns the step of the trail after which t holds, or a later one than any if it does not.
func (s *Solver) heldSince(t *literal) int32 {
	if !s.isTrue(t) {
		return math.MaxInt32
	}
	return s.satisfier(t)
}

// watcher is a clause that waits for a term of the package in whose list it stands. What mostly settles that nothing is to
// be done is at hand without looking at the clause: the mask of that term, and another term that may be false.
type watcher struct {
	mask   uint64
	other  uint64 // the mask of the other term
	pack   Package
	clause int32
}

// watch lets c be watched by the terms at two positions.
func (s *Solver) watch(c, first, second int32) {
	k := &s.clauses[c]
	k.watched = [2]int32{first, second}
	s.attach(c, &k.terms[first], &k.terms[second])
	s.attach(c, &k.terms[second], &k.terms[first])
}

// attach has c wait for t; other is another of its terms.
func (s *Solver) attach(c int32, t, other *literal) {
	d := &s.packages[t.pack]
	d.watchers = append(d.watchers, watcher{t.set.mask, other.set.mask, other.pack, c})
}
