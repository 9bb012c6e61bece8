package pubgrub

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// sets are of numbers below 12.
func sets() *rapid.Generator[Set] {
	return rapid.Custom(func(t *rapid.T) Set {
		numbers := rapid.SliceOfDistinct(rapid.Int32Range(0, 11), rapid.ID[int32]).Draw(t, "numbers")
		slices.Sort(numbers)
		return SetOf(numbers...)
	})
}

func TestSetLaws(t *testing.T) {
	var a arena
	rapid.Check(t, func(t *rapid.T) {
		x, y := sets().Draw(t, "x"), sets().Draw(t, "y")
		without, union, intersection := a.merge(x, y, onlyFirst), x.Union(y), a.merge(x, y, both)
		subset, disjoint, n := true, true, 0
		for v := range Version(14) {
			inX, inY := x.Contains(v), y.Contains(v)
			if without.Contains(v) != (inX && !inY) || union.Contains(v) != (inX || inY) || intersection.Contains(v) != (inX && inY) {
				t.Fatalf("%v and %v at %d: without %v, union %v, intersection %v", x, y, v, without, union, intersection)
			}
			if x.Others(13).Contains(v) == inX {
				t.Fatalf("the others of %v to 13 are %v", x, x.Others(13))
			}
			subset = subset && (!inX || inY)
			disjoint = disjoint && !(inX && inY)
			if inX {
				n++
			}
		}
		if x.SubsetOf(y) != subset || x.Disjoint(y) != disjoint || x.Len() != n {
			t.Fatalf("%v and %v: subset %t, disjoint %t, %d numbers", x, y, x.SubsetOf(y), x.Disjoint(y), x.Len())
		}
		if x.Equal(y) != (subset && y.SubsetOf(x)) {
			t.Fatalf("%v equals %v: %t", x, y, x.Equal(y))
		}
		if n > 0 && (!x.Contains(x.Max()) || x.Contains(x.Max()+1)) {
			t.Fatalf("the greatest of %v is %d", x, x.Max())
		}
	})
}

func TestRange(t *testing.T) {
	if s := Range(2, 4); !s.Equal(SetOf(2, 3, 4)) {
		t.Errorf("2 to 4 is %v", s)
	}
	if s := Range(3, 2); len(s) != 0 {
		t.Errorf("3 to 2 is %v", s)
	}
}

// TestArenaKeepsSets makes more sets than fit into one chunk and looks at all of them again.
func TestArenaKeepsSets(t *testing.T) {
	var a arena
	var made []Set
	for i := range Version(3 * chunkSize) {
		made = append(made, a.between(i, i+1))
	}
	for i, s := range made {
		if !s.Equal(Range(Version(i), Version(i)+1)) {
			t.Fatalf("set %d is %v", i, s)
		}
	}
}
