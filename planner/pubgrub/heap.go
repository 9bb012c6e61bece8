package pubgrub

import "cmp"

// urgency orders packages that wait for a decision: those in many conflicts first, then by rank, then those with few
// versions to choose from.
type urgency struct {
	class, rank, candidates int32
}

// heap is a queue by urgency; among equals the lower package comes first.
type heap struct{ entries []waiter }

type waiter struct {
	urgency
	pack Package
}

func (a waiter) compare(b waiter) int {
	return cmp.Or(
		cmp.Compare(b.class, a.class),
		cmp.Compare(a.rank, b.rank),
		cmp.Compare(a.candidates, b.candidates),
		cmp.Compare(a.pack, b.pack),
	)
}

func (h *heap) reset() { h.entries = h.entries[:0] }

func (h *heap) push(p Package, u urgency) {
	h.entries = append(h.entries, waiter{u, p})
	e := h.entries
	for i := len(e) - 1; i > 0; {
		parent := (i - 1) / 2
		if e[parent].compare(e[i]) <= 0 {
			break
		}
		e[parent], e[i] = e[i], e[parent]
		i = parent
	}
}

func (h *heap) pop() (Package, urgency, bool) {
	e := h.entries
	if len(e) == 0 {
		return 0, urgency{}, false
	}
	first, last := e[0], len(e)-1
	e[0] = e[last]
	h.entries = e[:last]
	h.sink()
	return first.pack, first.urgency, true
}

// sink lets the first entry go down to its place.
func (h *heap) sink() {
	e := h.entries
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(e); child++ {
			if e[child].compare(e[least]) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		e[i], e[least] = e[least], e[i]
		i = least
	}
}
