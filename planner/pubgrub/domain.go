package pubgrub

import "slices"

// domain is what is known of a package.
type domain struct {
	allowed  set
	all      set // all versions, and Absent
	scale    scale
	history  []int32 // the steps of the trail that changed allowed, ascending
	watchers []watcher
	activity float64 // how much it was part of conflicts, lately above all
	rank     int32
	touched  bool
	decided  bool
	slot     int32 // 1 and the position in Solver.work; 0 outside
}

// rankNamed is the rank of packages that the query names; those of a problem come after it.
const rankNamed = 0

// step is one change of what is known.
type step struct {
	pack  Package
	level int32 // how many decisions were made, this one included
	cause int32 // the clause that it follows from; none for a decision
	after set   // what is allowed from then on
}

// none stands for no clause.
const none int32 = -1

// touch makes p known, as a package of which everything is possible.
func (s *Solver) touch(p Package) {
	if int(p) >= len(s.packages) {
		s.packages = append(s.packages, make([]domain, int(p)+1-len(s.packages))...)
	}
	d := &s.packages[p]
	if d.touched {
		return
	}
	d.touched = true
	d.rank = int32(s.problem.Rank(p)) + 1
	n := s.problem.Versions(p)
	d.scale = scaleOf(n)
	d.all = d.scale.set(s.sets.between(Absent, Version(n)))
	d.allowed = d.all
	s.touched = append(s.touched, p)
}

// isTrue reports whether t is known to hold.
func (s *Solver) isTrue(t *literal) bool { return s.packages[t.pack].allowed.subsetOf(&t.set) }

// isFalse reports whether t is known not to hold.
func (s *Solver) isFalse(t *literal) bool { return s.packages[t.pack].allowed.disjoint(&t.set) }

// known is what is allowed of p, until it is called again; nil for a package that nothing is known of.
func (s *Solver) known(p Package) Set {
	if int(p) >= len(s.packages) {
		return nil
	}
	s.knownRoom = s.packages[p].allowed.sorted(s.knownRoom)
	return s.knownRoom
}

// forbid records that t does not hold, because of a clause. It must not be known to hold.
func (s *Solver) forbid(t *literal, cause int32) {
	d := &s.packages[t.pack]
	s.record(t.pack, s.sets.combine(d.scale, &d.allowed, &t.set, onlyFirst), cause)
	s.await(t.pack)
}

func (s *Solver) record(p Package, after set, cause int32) {
	d := &s.packages[p]
	d.history = append(d.history, int32(len(s.trail)))
	d.allowed = after
	s.trail = append(s.trail, step{pack: p, level: int32(len(s.levels)), cause: cause, after: after})
}

// isDemanded reports whether the package has to be there and no version is decided yet.
func (d *domain) isDemanded() bool { return !d.decided && !d.allowed.hasAbsent() }

// decideOn takes version v of p.
func (s *Solver) decideOn(p Package, v Version) {
	s.decisions++
	s.levels = append(s.levels, int32(len(s.trail)))
	s.packages[p].decided = true
	s.record(p, s.packages[p].scale.set(s.sets.between(v, v)), none)
}

// backTo takes back everything above a level. What was concluded late is noted as overdue.
func (s *Solver) backTo(level int32) {
	from := int(s.levels[level])
	undone := s.trail[from:]
	for _, u := range undone {
		d := &s.packages[u.pack]
		d.history = d.history[:len(d.history)-1]
		d.allowed = d.all
		if n := len(d.history); n > 0 {
			d.allowed = s.trail[d.history[n-1]].after
		}
		switch {
		case u.cause == none:
			d.decided = false
		case s.clauses[u.cause].late:
			s.overdue = append(s.overdue, u.cause)
		}
	}
	for _, u := range undone {
		s.await(u.pack)
	}
	s.trail, s.levels, s.head = s.trail[:from], s.levels[:level], from
}

// satisfier returns the first step of the trail after which t holds. It has to hold now, and not from the start.
func (s *Solver) satisfier(t *literal) int32 {
	history := s.packages[t.pack].history
	at, _ := slices.BinarySearchFunc(history, &t.set, func(i int32, set *set) int {
		if s.trail[i].after.subsetOf(set) {
			return 1
		}
		return -1
	})
	return history[at]
}
