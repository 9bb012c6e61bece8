package pubgrub

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestMasks holds sets of every scale against the sets that they are made of.
func TestMasks(t *testing.T) {
	var a arena
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{1, 5, 62, 63, 64, 126, 127, 1000}).Draw(t, "versions")
		scale := scaleOf(n)
		draw := func(name string) Set {
			numbers := rapid.SliceOfN(rapid.OneOf(rapid.Int32Range(0, int32(n)), rapid.Int32Range(max(0, int32(n)-3), int32(n))), 0, 8).Draw(t, name)
			slices.Sort(numbers)
			if s := SetOf(numbers...); rapid.Bool().Draw(t, "others") {
				return s.Others(Version(n))
			} else {
				return s
			}
		}
		x, y := draw("x"), draw("y")
		p, q := scale.set(x), scale.set(y)
		if p.subsetOf(&q) != x.SubsetOf(y) || p.disjoint(&q) != x.Disjoint(y) || p.equal(&q) != x.Equal(y) {
			t.Fatalf("%v and %v: subset %t, disjoint %t, equal %t", x, y, p.subsetOf(&q), p.disjoint(&q), p.equal(&q))
		}
		if p.len() != x.Len() || p.hasAbsent() != x.Contains(Absent) || !p.sorted(nil).Equal(x) {
			t.Fatalf("%v has %d, absent %t, is %v", x, p.len(), p.hasAbsent(), p.sorted(nil))
		}
		for _, op := range []operation{onlyFirst, both, either} {
			got, want := a.combine(scale, &p, &q, op), scale.set(merge(nil, x, y, op))
			if !got.equal(&want) {
				t.Fatalf("%v and %v with %b: got %v, want %v", x, y, op, got, want)
			}
		}
	})
}
