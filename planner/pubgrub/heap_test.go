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
				p, u := rapid.Int32Range(0, 20).Draw(t, "package"), urgency(rapid.IntRange(0, 9).Draw(t, "urgency"))
				h.set(p, u)
				model[p] = u
				continue
			}
			got, ok := h.pop()
			if ok != (len(model) > 0) {
				t.Fatalf("popped %d (%t) of %v", got, ok, model)
			}
			for p, u := range model {
				if (waiter{u, p}).before(waiter{model[got], got}) {
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
	descending := []urgency{urgencyOf(maxClass+5, 3, 9), urgencyOf(2, 0, 1), urgencyOf(1, 0, 5), urgencyOf(0, 0, 1), urgencyOf(0, 0, 2), urgencyOf(0, 1, 1)}
	for i := 1; i < len(descending); i++ {
		if descending[i-1] >= descending[i] {
			t.Errorf("%d is not before %d", i-1, i)
		}
	}
}
