package pubgrub

import "math"

// Version numbers a version of a package from 1, the oldest; Absent is none.
type Version = int32

// Absent stands for the package not being there.
const Absent Version = 0

// Set is a set of versions: the numbers where it begins, ends (that number is not in it any more), begins again and so on,
// ascending. It is never changed.
type Set []Version

// Range returns the set of the numbers from first to last.
func Range(first, last Version) Set {
	if first > last {
		return nil
	}
	return Set{first, last + 1}
}

// SetOf returns the set of ascending numbers, some of which may be there twice.
func SetOf(versions ...Version) Set {
	var s Set
	for _, v := range versions {
		s = s.With(v)
	}
	return s
}

// With returns s with v, which is not less than anything in s. It may change s.
func (s Set) With(v Version) Set {
	if n := len(s); n > 0 && s[n-1] > v {
		return s
	}
	return s.WithRange(v, v)
}

// WithRange returns s with the numbers from first to last, which are greater than anything in s. It may change s.
func (s Set) WithRange(first, last Version) Set {
	if n := len(s); n > 0 && s[n-1] == first {
		s[n-1] = last + 1
		return s
	}
	return append(s, first, last+1)
}

// Others returns the numbers from 0 to last that are not in s.
func (s Set) Others(last Version) Set {
	all := [2]Version{0, last + 1}
	return merge(make(Set, 0, len(s)+2), all[:], s, onlyFirst)
}

// Contains reports whether v is in s.
func (s Set) Contains(v Version) bool {
	inside := false
	for _, at := range s {
		if at > v {
			break
		}
		inside = !inside
	}
	return inside
}

// Len counts the numbers in s.
func (s Set) Len() int {
	n := 0
	for i := 0; i+1 < len(s); i += 2 {
		n += int(s[i+1] - s[i])
	}
	return n
}

// Max returns the greatest number in s, which must not be empty.
func (s Set) Max() Version { return s[len(s)-1] - 1 }

// Equal reports whether s and t hold the same numbers.
func (s Set) Equal(t Set) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return true
}

// SubsetOf reports whether all of s is in t.
func (s Set) SubsetOf(t Set) bool {
	j := 0
	for i := 0; i < len(s); i += 2 {
		for j < len(t) && t[j+1] <= s[i] {
			j += 2
		}
		if j >= len(t) || t[j] > s[i] || t[j+1] < s[i+1] {
			return false
		}
	}
	return true
}

// Disjoint reports whether s and t have no number in common.
func (s Set) Disjoint(t Set) bool {
	for i, j := 0, 0; i < len(s) && j < len(t); {
		switch {
		case s[i+1] <= t[j]:
			i += 2
		case t[j+1] <= s[i]:
			j += 2
		default:
			return false
		}
	}
	return true
}

// Without returns the numbers of s that are not in t.
func (s Set) Without(t Set) Set { return merge(nil, s, t, onlyFirst) }

// Intersect returns the numbers in both sets.
func (s Set) Intersect(t Set) Set { return merge(nil, s, t, both) }

// Union returns the numbers in either set.
func (s Set) Union(t Set) Set { return merge(nil, s, t, either) }

// operation is a truth table: bit 1 tells of numbers in the first set alone, bit 2 of the second alone, bit 3 of both.
type operation uint8

const (
	onlyFirst operation = 1 << 1
	both      operation = 1 << 3
	either    operation = 1<<1 | 1<<2 | 1<<3
)

// merge appends to out the numbers of which op holds.
func merge(out []Version, s, t Set, op operation) Set {
	inside := operation(0)
	for i, j := 0, 0; i < len(s) || j < len(t); {
		atS, atT := Version(math.MaxInt32), Version(math.MaxInt32)
		if i < len(s) {
			atS = s[i]
		}
		if j < len(t) {
			atT = t[j]
		}
		at := min(atS, atT)
		if atS == at {
			i++
		}
		if atT == at {
			j++
		}
		if now := op >> (i&1 | j&1<<1) & 1; now != inside {
			out, inside = append(out, at), now
		}
	}
	return out
}

// arena makes sets that live until reset.
type arena struct {
	chunk []Version
	full  [][]Version
}

const chunkSize = 1 << 12

func (a *arena) merge(s, t Set, op operation) Set {
	need := len(s) + len(t)
	if cap(a.chunk)-len(a.chunk) < need {
		a.grow(need)
	}
	from := len(a.chunk)
	made := merge(a.chunk[from:from:cap(a.chunk)], s, t, op)
	a.chunk = a.chunk[:from+len(made)]
	return made[:len(made):len(made)]
}

// between is Range in the arena.
func (a *arena) between(first, last Version) Set {
	bounds := [2]Version{first, last + 1}
	return a.merge(bounds[:], nil, onlyFirst)
}

func (a *arena) grow(need int) {
	a.full = append(a.full, a.chunk)
	a.chunk = make([]Version, 0, max(need, chunkSize))
}

// reset forgets all sets. One chunk is kept.
func (a *arena) reset() { a.chunk, a.full = a.chunk[:0], nil }
