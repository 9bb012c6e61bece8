package supervisor

import (
	"context"
	"errors"
	"sync"
	"time"
)

var errNever = errors.New("never")

// never is a probe that fails.
type never struct{}

func (never) Run(context.Context) error { return errNever }

// manual is a clock that stands still until it is told to go on.
type manual struct {
	mu     sync.Mutex
	now    time.Time
	timers map[*manualTimer]struct{}
}

type manualTimer struct {
	clock *manual
	at    time.Time
	c     chan time.Time
}

func newManual() *manual {
	return &manual{now: time.Unix(1_000_000, 0), timers: map[*manualTimer]struct{}{}}
}

func (m *manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *manual) NewTimer(at time.Time) Timer {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &manualTimer{m, at, make(chan time.Time, 1)}
	m.timers[t] = struct{}{}
	m.fire()
	return t
}

// advance lets time pass and fires what is due by then.
func (m *manual) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	m.fire()
}

// set changes what the clock shows, and no time passes: timers fire when they would have.
func (m *manual) set(by time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(by)
	for t := range m.timers {
		t.at = t.at.Add(by)
	}
}

func (m *manual) fire() {
	for t := range m.timers {
		if !t.at.After(m.now) {
			t.c <- m.now
			delete(m.timers, t)
		}
	}
}

func (t *manualTimer) C() <-chan time.Time { return t.c }

func (t *manualTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	delete(t.clock.timers, t)
	return true
}
