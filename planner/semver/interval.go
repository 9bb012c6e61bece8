package semver

import "sort"

// cut is a place between versions: just before a version, or just after it.
type cut struct {
	version Version
	after   bool
}

// compare orders cuts along the line of versions.
func (c *cut) compare(d *cut) int {
	if order := c.version.compare(&d.version); order != 0 {
		return order
	}
	return compareBool(c.after, d.after)
}

// position returns where ascending versions, of which those before low lie before c, come to lie behind it.
func (c *cut) position(low, n int, at func(int) *Version) int {
	return low + sort.Search(n-low, func(i int) bool {
		order := c.version.compare(at(low + i))
		return order < 0 || order == 0 && !c.after
	})
}

// leastVersion is older than, or as old as, every version.
var leastVersion = Version{pre: "0"}

var start = cut{version: leastVersion}

// intervals is a set of versions: the cuts where it begins, ends, begins again and so on, ascending. One that does
// not end again has an odd number of cuts. It is never changed.
type intervals []cut

func between(from, to cut) intervals {
	if from.compare(&to) >= 0 {
		return nil
	}
	return intervals{from, to}
}

// contains reports whether v lies in the set.
func (s intervals) contains(v *Version) bool {
	inside := false
	for i := range s {
		order := s[i].version.compare(v)
		if order > 0 || order == 0 && s[i].after {
			break
		}
		inside = !inside
	}
	return inside
}

// merge returns the versions for which keep holds, told whether they lie in s and in t; keep(false, false) is false.
func (s intervals) merge(t intervals, keep func(inS, inT bool) bool) intervals {
	var out intervals
	inside := false
	for i, j := 0, 0; i < len(s) || j < len(t); {
		var at cut
		switch {
		case j == len(t) || i < len(s) && s[i].compare(&t[j]) < 0:
			at, i = s[i], i+1
		case i == len(s) || t[j].compare(&s[i]) < 0:
			at, j = t[j], j+1
		default:
			at, i, j = s[i], i+1, j+1
		}
		if keep(i%2 == 1, j%2 == 1) != inside {
			out, inside = append(out, at), !inside
		}
	}
	return out
}

func (s intervals) union(t intervals) intervals {
	return s.merge(t, func(inS, inT bool) bool { return inS || inT })
}

func (s intervals) intersect(t intervals) intervals {
	return s.merge(t, func(inS, inT bool) bool { return inS && inT })
}

// complement returns all other versions.
func (s intervals) complement() intervals {
	return s.merge(intervals{start}, func(inS, inAll bool) bool { return inAll && !inS })
}

// fold joins sets in pairs, the results in pairs and so on, so that a long text costs little more than its length. No sets
// are the empty one.
func fold(sets []intervals, join func(s, t intervals) intervals) intervals {
	switch n := len(sets); n {
	case 0:
		return nil
	case 1:
		return sets[0]
	default:
		return join(fold(sets[:n/2], join), fold(sets[n/2:], join))
	}
}
