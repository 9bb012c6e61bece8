package upstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// ErrInTable means that an upstream was to be drained that still gets new connections.
var ErrInTable = errors.New("still in the table")

// Set is all upstreams of a table, each once however many endpoints and routes lead to it, and those that have left the
// table and are not done yet. Its methods are safe for concurrent use.
type Set struct {
	mu  sync.Mutex
	all map[string]*Upstream // by address
}

// NewSet returns an empty set.
func NewSet() *Set { return &Set{all: map[string]*Upstream{}} }

// Get returns the upstreams at these addresses, in that order; they are in the table from now on.
func (s *Set) Get(addresses []string) []*Upstream {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Upstream, len(addresses))
	for i, address := range addresses {
		u := s.all[address]
		if u == nil {
			u = newUpstream(address)
			s.all[address] = u
		}
		u.revive()
		list[i] = u
	}
	return list
}

// Keep retires all upstreams but those that wanted holds, and forgets the retired ones that are done.
func (s *Set) Keep(wanted map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for address, u := range s.all {
		if !wanted[address] {
			u.retire()
		}
	}
	maps.DeleteFunc(s.all, func(_ string, u *Upstream) bool { return u.gone.Load() && u.InFlight() == 0 })
}

// Drain returns when nothing is in flight to the upstream at address, which must have left the table, or when ctx ends.
// It returns how much is still in flight then.
func (s *Set) Drain(ctx context.Context, address string) (open int, err error) {
	s.mu.Lock()
	u := s.all[address]
	s.mu.Unlock()
	if u == nil {
		return 0, nil
	}
	if !u.gone.Load() {
		return u.InFlight(), fmt.Errorf("cannot drain %s: %w", address, ErrInTable)
	}
	select {
	case <-u.whenQuiet():
	case <-ctx.Done():
	}
	return u.InFlight(), nil
}

// InFlight is how much is in flight to the upstream at address.
func (s *Set) InFlight(address string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.all[address]; u != nil {
		return u.InFlight()
	}
	return 0
}

// Total is how much is in flight to all upstreams.
func (s *Set) Total() int {
	n := 0
	for _, u := range s.list() {
		n += u.InFlight()
	}
	return n
}

// Sweep closes the connections that were kept for too long without being used.
func (s *Set) Sweep(now time.Time) {
	for _, u := range s.list() {
		u.CloseIdle(now.Add(-idleTime))
	}
}

func (s *Set) list() []*Upstream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.all))
}
