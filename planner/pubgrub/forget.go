package pubgrub

import (
	"cmp"
	"slices"
)

const (
	learnedLimit = 200 // clauses that are learned before some are dropped again
	limitGrowth  = 100 // by which the limit grows each time, so that the search comes to an end
	tight        = 2   // clauses of no more spread are kept for good
)

// spread counts the levels at which the terms of work came to hold. A clause of few levels is of more use than one of many
// (the literals blocks distance of Glucose).
func (s *Solver) spread() int32 {
	levels := make([]int32, len(s.work))
	for i, w := range s.work {
		levels[i] = s.trail[w.satisfier].level
	}
	slices.Sort(levels)
	return int32(len(slices.Compact(levels)))
}

// remember counts c among the learned clauses. When there are too many, the worse half is dropped: each is looked at again
// and again, and few are of use. They stay in clauses, for the proof.
func (s *Solver) remember(c int32) {
	s.learned = append(s.learned, c)
	if len(s.learned) < s.limit {
		return
	}
	s.limit += s.limitGrowth
	slices.SortFunc(s.learned, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.clauses[a].spread, s.clauses[b].spread), cmp.Compare(b, a))
	})
	half := len(s.learned) / 2
	for half < len(s.learned) && s.clauses[s.learned[half]].spread <= tight {
		half++
	}
	for _, c := range s.learned[half:] {
		s.clauses[c].dropped = true
	}
	s.learned = s.learned[:half]
}

const (
	growth    = 1.05  // of the weight with each conflict
	maxWeight = 1e100 // far below what a float can hold
)

// gainWeight makes recent conflicts count more than those long ago.
func (s *Solver) gainWeight() {
	if s.weight *= growth; s.weight < maxWeight {
		return
	}
	s.weight /= maxWeight
	for _, p := range s.touched {
		s.packages[p].activity /= maxWeight
		s.await(p)
	}
}
