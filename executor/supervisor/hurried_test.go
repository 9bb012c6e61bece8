package supervisor

import (
	"sync"
	"time"
)

// hurried is a clock on which nobody waits: it goes forward to each timer as that is made.
type hurried struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hurried) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hurried) NewTimer(at time.Time) Timer {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at.After(h.now) {
		h.now = at
	}
	t := make(fired, 1)
	t <- h.now
	return t
}

// fired is a timer that has fired.
type fired chan time.Time

func (f fired) C() <-chan time.Time { return f }
func (f fired) Stop() bool          { return false }
