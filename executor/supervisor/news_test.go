package supervisor

import (
	"maps"
	"sync"
	"testing"
	"time"
)

// news keeps every change of every unit, in order, and lets a test wait for them. Its zero value is ready.
type news struct {
	mu      sync.Mutex
	of      map[string][]Status
	changed chan struct{} // closed and made anew by every change
}

// add is an Options.OnChange.
func (n *news) add(s Status) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.of == nil {
		n.of = map[string][]Status{}
	}
	n.of[s.Address] = append(n.of[s.Address], s)
	if n.changed != nil {
		close(n.changed)
		n.changed = nil
	}
}

// all returns every change so far, by address.
func (n *news) all() map[string][]Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.of)
}

// last returns the latest change of a unit, which is the zero Status before the first.
func (n *news) last(address string) Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	if all := n.of[address]; len(all) > 0 {
		return all[len(all)-1]
	}
	return Status{}
}

// await returns once the latest change of each of the units is as ok wants it.
func (n *news) await(t testing.TB, what string, units []Spec, ok func(Status) bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for _, unit := range units {
		for changed := n.next(); !ok(n.last(unit.Address)); changed = n.next() {
			select {
			case <-changed:
			case <-deadline:
				t.Fatalf("never %s: %+v", what, n.last(unit.Address))
			}
		}
	}
}

// next is closed by the next change of any unit.
func (n *news) next() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.changed == nil {
		n.changed = make(chan struct{})
	}
	return n.changed
}

// is is a wish for await.
func is(states ...State) func(Status) bool {
	return func(s Status) bool {
		for _, state := range states {
			if s.State == state {
				return true
			}
		}
		return false
	}
}
