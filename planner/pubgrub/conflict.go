package pubgrub

// working is a term of the clause that a conflict is being resolved into, with the step after which it holds.
type working struct {
	literal
	satisfier int32
}

// learn turns a broken clause into one that says what went wrong, and takes back the decisions that it speaks against. It
// reports false if no decision is to blame: then nothing is left in work, and reasons are the proof.
func (s *Solver) learn(broken int32) bool {
	s.conflicts++
	s.gainWeight()
	s.reasons = append(s.reasons[:0], broken)
	s.work = s.work[:0]
	for i := range s.clauses[broken].terms {
		s.require(&s.clauses[broken].terms[i])
	}
	for len(s.work) > 0 {
		last, second := s.latest()
		blamed, level := s.trail[s.work[last].satisfier], s.levelOf(second)
		if level < blamed.level {
			level, late := s.returnTo(level, blamed.level)
			s.turn(last, second, level, late)
			return true
		}
		s.resolve(last, blamed.cause)
	}
	return false
}

// require adds t to the terms that have to hold for the conflict.
func (s *Solver) require(t *literal) {
	d := &s.packages[t.pack]
	if d.slot == 0 {
		s.work = append(s.work, working{*t, s.satisfier(t)})
		d.slot = int32(len(s.work))
		return
	}
	w := &s.work[d.slot-1]
	if !w.set.subsetOf(&t.set) {
		w.set = s.sets.combine(d.scale, &w.set, &t.set, both)
		w.satisfier = s.satisfier(&w.literal)
	}
}

// latest returns the positions in work of the term that came to hold last, and of the one before; none if there is one.
func (s *Solver) latest() (last, second int32) {
	last, second = none, none
	for i := range s.work {
		switch at := s.work[i].satisfier; {
		case last == none || at > s.work[last].satisfier:
			last, second = int32(i), last
		case second == none || at > s.work[second].satisfier:
			second = int32(i)
		}
	}
	return last, second
}

// levelOf is the level at which a term of work came to hold; 0 for none.
func (s *Solver) levelOf(position int32) int32 {
	if position == none {
		return 0
	}
	return s.trail[s.work[position].satisfier].level
}

// resolve replaces the term at a position by the reasons for it: what the clause says besides.
func (s *Solver) resolve(position, cause int32) {
	p := s.work[position].pack
	s.reasons = append(s.reasons, cause)
	s.packages[p].activity += s.weight
	terms := s.clauses[cause].terms
	for i := range terms {
		if terms[i].pack == p {
			s.relax(position, &terms[i].set)
			break
		}
	}
	for i := range terms {
		if terms[i].pack != p {
			s.require(&terms[i])
		}
	}
}

// relax widens the term at a position by set, and drops it when it says nothing any more.
func (s *Solver) relax(position int32, set *set) {
	w := &s.work[position]
	d := &s.packages[w.pack]
	w.set = s.sets.combine(d.scale, &w.set, set, either)
	if !w.set.equal(&d.all) {
		w.satisfier = s.satisfier(&w.literal)
		return
	}
	s.remove(position)
}

// remove drops the term at a position.
func (s *Solver) remove(position int32) {
	s.packages[s.work[position].pack].slot = 0
	last := len(s.work) - 1
	if int(position) != last {
		s.work[position] = s.work[last]
		s.packages[s.work[position].pack].slot = position + 1
	}
	s.work = s.work[:last]
}

// turn makes a clause of work, goes back to a level at which only its last term does not hold, and draws the conclusion.
func (s *Solver) turn(last, second, level int32, late bool) {
	learned := clause{terms: make([]literal, len(s.work)), reasons: append([]int32(nil), s.reasons...), spread: s.spread(), late: late}
	for i, w := range s.work {
		learned.terms[i] = w.literal
		d := &s.packages[w.pack]
		d.slot = 0
		d.activity += s.weight
	}
	c := s.add(learned)
	s.backTo(level)
	if second != none {
		s.watch(c, last, second)
	}
	s.forbid(&learned.terms[last], c)
	s.catchUp()
	for _, t := range learned.terms {
		s.await(t.pack)
	}
	s.remember(c)
}
