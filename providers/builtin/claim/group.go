package claim

import (
	"context"
	"errors"
	"sync"
)

// Group lets the callers of this process that want the same thing share one piece of work, and keeps other processes
// out meanwhile. Its zero value is ready; it is safe for concurrent use.
type Group struct {
	mu      sync.Mutex
	flights map[string]*flight
}

type flight struct {
	done chan struct{} // closed when err is final
	err  error
}

// Do runs work while it holds the lock file at path, or waits for another caller of this process that does so and
// returns what that one's work returned. Work therefore has to look first whether the thing is there by now: another
// process may have made it while we waited for the lock. When the caller that works gives up because its context
// ended, one of those that wait takes over.
func (g *Group) Do(ctx context.Context, path string, work func() error) error {
	for {
		f, first := g.join(path)
		if first {
			return g.lead(ctx, path, f, work)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.done:
		}
		if !isCancellation(f.err) {
			return f.err
		}
	}
}

func (g *Group) join(path string) (f *flight, first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f, ok := g.flights[path]; ok {
		return f, false
	}
	f = &flight{done: make(chan struct{})}
	if g.flights == nil {
		g.flights = map[string]*flight{}
	}
	g.flights[path] = f
	return f, true
}

func (g *Group) lead(ctx context.Context, path string, f *flight, work func() error) error {
	f.err = errors.New("internal error: the work panicked") // stands only if it does
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.flights, path)
		close(f.done)
	}()
	f.err = locked(ctx, path, work)
	return f.err
}

func locked(ctx context.Context, path string, work func() error) (err error) {
	lock, err := Acquire(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	return work()
}

func isCancellation(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
