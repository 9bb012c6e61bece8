package pubgrub

import (
	"testing"

	"pgregory.net/rapid"
)

// TestHeap holds the queue against looking for the least entry of a map.
func TestHeap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h heap
		model := map[Package]urgency{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "step") > 0 {
				p, u := rapid.Int32Range(0, 20).Draw(t, "package"), urgency{activity: rapid.Float64Range(0, 3).Draw(t, "activity"), rank: rapid.Int32Range(0, 2).Draw(t, "rank")}
				h.set(p, u)
				model[p] = u
				continue
			}
			got, ok := h.pop()
			if ok != (len(model) > 0) {
				t.Fatalf("popped %d (%t) of %v", got, ok, model)
			}
			for p, u := range model {
				if (&waiter{u, p}).before(&waiter{model[got], got}) {
					t.Fatalf("popped %d before %d of %v", got, p, model)
				}
			}
			delete(model, got)
		}
		h.reset()
		if _, ok := h.pop(); ok {
			t.Fatal("something is left")
		}
	})
}

func TestUrgency(t *testing.T) {
	order := []waiter{{urgency{2, 3, 9}, 7}, {urgency{1, 0, 5}, 3}, {urgency{0, 0, 1}, 4}, {urgency{0, 0, 2}, 1}, {urgency{0, 1, 1}, 0}, {urgency{0, 1, 1}, 2}}
	for i := range order {
		for j := range order {
			if order[i].before(&order[j]) != (i < j) {
				t.Errorf("%d is before %d: %t", i, j, i >= j)
			}
		}
	}
}
