package pubgrub

// urgency orders packages that wait for a decision: first those that were part of conflicts lately, then those of a low
// rank, then those with few versions to choose from.
type urgency struct {
	activity   float64
	rank       int32
	candidates int32
}

// heap is a queue by urgency; among equals the lower package comes first. Each package is in it once at most.
type heap struct {
	entries []waiter
	at      []int32 // by package: 1 and the position in entries; 0 for one that is not in it
}

type waiter struct {
	urgency
	pack Package
}

func (a *waiter) before(b *waiter) bool {
	switch {
	case a.activity != b.activity:
		return a.activity > b.activity
	case a.rank != b.rank:
		return a.rank < b.rank
	case a.candidates != b.candidates:
		return a.candidates < b.candidates
	}
	return a.pack < b.pack
}

// set puts p in, or gives it another urgency.
func (h *heap) set(p Package, u urgency) {
	if int(p) >= len(h.at) {
		h.at = append(h.at, make([]int32, int(p)+1-len(h.at))...)
	}
	at := int(h.at[p]) - 1
	if at < 0 {
		at = len(h.entries)
		h.entries = append(h.entries, waiter{})
	}
	h.rise(at, waiter{u, p})
	h.sink(int(h.at[p]) - 1)
}

// pop takes the first package out.
func (h *heap) pop() (Package, bool) {
	if len(h.entries) == 0 {
		return 0, false
	}
	first, last := h.entries[0].pack, len(h.entries)-1
	moved := h.entries[last]
	h.entries = h.entries[:last]
	h.at[first] = 0
	if last > 0 {
		h.place(0, moved)
		h.sink(0)
	}
	return first, true
}

func (h *heap) place(at int, w waiter) {
	h.entries[at] = w
	h.at[w.pack] = int32(at + 1)
}

// rise places w at a position, or as far up as it belongs.
func (h *heap) rise(at int, w waiter) {
	for at > 0 {
		parent := (at - 1) / 2
		if !w.before(&h.entries[parent]) {
			break
		}
		h.place(at, h.entries[parent])
		at = parent
	}
	h.place(at, w)
}

// sink lets the entry at a position go down as far as it belongs.
func (h *heap) sink(at int) {
	w := h.entries[at]
	for {
		child := 2*at + 1
		if child >= len(h.entries) {
			break
		}
		if child+1 < len(h.entries) && h.entries[child+1].before(&h.entries[child]) {
			child++
		}
		if !h.entries[child].before(&w) {
			break
		}
		h.place(at, h.entries[child])
		at = child
	}
	h.place(at, w)
}

func (h *heap) reset() {
	for _, w := range h.entries {
		h.at[w.pack] = 0
	}
	h.entries = h.entries[:0]
}
