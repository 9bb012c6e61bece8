package supervisor

import (
	"context"
	"sync"
)

// settling counts the units that are on their way somewhere.
type settling struct {
	mu      sync.Mutex
	moving  map[*Unit]struct{}
	waiters []chan struct{}
}

// note takes in the state of a unit.
func (s *settling) note(u *Unit, state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !state.settled() {
		s.moving[u] = struct{}{}
		return
	}
	delete(s.moving, u)
	if len(s.moving) > 0 {
		return
	}
	for _, c := range s.waiters {
		close(c)
	}
	s.waiters = nil
}

// wait returns once no unit moves, or when ctx ends or the supervisor is closed.
func (s *settling) wait(ctx context.Context, closed <-chan struct{}) error {
	s.mu.Lock()
	if len(s.moving) == 0 {
		s.mu.Unlock()
		return nil
	}
	c := make(chan struct{})
	s.waiters = append(s.waiters, c)
	s.mu.Unlock()
	select {
	case <-c:
		return nil
	case <-closed:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
