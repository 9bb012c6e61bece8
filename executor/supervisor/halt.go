package supervisor

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Halt ends all processes, in rounds: first those that no other one needs, then those that only these needed, and so on; those
// that last picks go after all others. It returns when they are gone. Units stay known, and the next Boot starts them
// again. When ctx ends first, no further round begins.
func (s *Supervisor) Halt(ctx context.Context, last func(address string) bool) error {
	left := map[*Unit]bool{}
	for _, status := range s.Statuses() {
		if u, err := s.unit(status.Address); err == nil {
			left[u] = true
		}
	}
	var errs []error
	for len(left) > 0 && ctx.Err() == nil {
		now := s.unneeded(left, last)
		errs = append(errs, stopAll(ctx, now)...)
		for _, u := range now {
			delete(left, u)
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

// unneeded returns who of left may go first, which is always somebody.
func (s *Supervisor) unneeded(left map[*Unit]bool, last func(address string) bool) []*Unit {
	var free, others, end []*Unit
	for u := range left {
		switch {
		case last(u.snapshot().Address):
			end = append(end, u)
		case s.needs.by(u.component, left):
			others = append(others, u)
		default:
			free = append(free, u)
		}
	}
	for _, units := range [][]*Unit{free, others} { // nobody is free where needs go in a circle
		if len(units) > 0 {
			return units
		}
	}
	return end
}

// stopAll stops units at the same time.
func stopAll(ctx context.Context, units []*Unit) []error {
	errs := make([]error, len(units))
	var group sync.WaitGroup
	for i, u := range units {
		group.Go(func() { errs[i] = u.stopAndWait(ctx) })
	}
	group.Wait()
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil || errors.Is(err, ErrUnknown) })
}
