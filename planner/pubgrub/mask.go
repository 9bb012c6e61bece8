package pubgrub

import "math/bits"

// set is a Set as the solver works with it, of the versions of one package. Up to 63 versions it is one word. Of more the
// word tells which neighbourhoods something is in, which settles most questions, and bounds settle the rest.
type set struct {
	mask   uint64 // bit 0 stands for Absent, the others for as many numbers each as the scale says
	bounds Set    // nil if mask says it all, or if the set is empty
}

// scale tells how many versions share a bit, as a power of two.
type scale uint8

// scaleOf is the scale of packages with so many versions.
func scaleOf(versions int) scale { return scale(bits.Len(uint(max(versions-1, 0)) / 63)) }

func (c scale) bit(v Version) int {
	if v == Absent {
		return 0
	}
	return 1 + int(v-1)>>c
}

// set makes a set of s, which must not be changed any more.
func (c scale) set(s Set) set {
	made := set{}
	for i := 0; i+1 < len(s); i += 2 {
		made.mask |= 2<<c.bit(s[i+1]-1) - 1<<c.bit(s[i])
	}
	if c > 0 {
		made.bounds = s
	}
	return made
}

// subsetOf reports whether all of s is in t.
func (s *set) subsetOf(t *set) bool {
	return s.mask&^t.mask == 0 && (s.bounds == nil || s.bounds.SubsetOf(t.bounds))
}

// disjoint reports whether s and t have no number in common.
func (s *set) disjoint(t *set) bool {
	return s.mask&t.mask == 0 || s.bounds != nil && s.bounds.Disjoint(t.bounds)
}

func (s *set) equal(t *set) bool { return s.mask == t.mask && s.bounds.Equal(t.bounds) }

// hasAbsent reports whether Absent is in s.
func (s *set) hasAbsent() bool { return s.mask&1 != 0 }

// first returns the least number in s, which must not be empty.
func (s *set) first() Version {
	if s.bounds != nil {
		return s.bounds[0]
	}
	return Version(bits.TrailingZeros64(s.mask))
}

// len counts the numbers in s.
func (s *set) len() int {
	if s.bounds == nil {
		return bits.OnesCount64(s.mask)
	}
	return s.bounds.Len()
}

// sorted returns s as a Set, made in room.
func (s *set) sorted(room Set) Set {
	if room = room[:0]; s.bounds != nil {
		return append(room, s.bounds...)
	}
	for rest := s.mask; rest != 0; {
		from := bits.TrailingZeros64(rest)
		to := from + bits.TrailingZeros64(^(rest >> from))
		room = append(room, Version(from), Version(to))
		rest = rest >> to << to
	}
	return room
}

// combine returns the numbers of which op holds, of two sets of one scale.
func (a *arena) combine(c scale, s, t *set, op operation) set {
	if c > 0 {
		return c.set(a.merge(s.bounds, t.bounds, op))
	}
	switch op {
	case onlyFirst:
		return set{mask: s.mask &^ t.mask}
	case both:
		return set{mask: s.mask & t.mask}
	}
	return set{mask: s.mask | t.mask}
}
