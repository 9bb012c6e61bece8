package plugin

import (
	"context"
	"sync"

	"google.golang.org/grpc/status"

	"github.com/nsynapse/recipe/providers/sdk"
)

// turns lets one call at a time have a thing. recipe never makes two, but the call of an agent that has died may not have
// ended yet when the next agent calls.
type turns struct {
	mu    sync.Mutex
	taken map[key]chan struct{} // closed when the thing is free again
}

// key is what two calls for one thing have in common.
type key struct{ stack, address string }

func newTurns() *turns { return &turns{taken: map[key]chan struct{}{}} }

// take waits until the thing is free, and returns what frees it again.
func (t *turns) take(ctx context.Context, id sdk.Identity) (done func(), err error) {
	k := key{id.Stack, id.Address}
	for {
		free := t.try(k)
		if free == nil {
			return func() { t.release(k) }, nil
		}
		select {
		case <-free:
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
}

// try takes the thing and returns nil, or returns what tells when to try again.
func (t *turns) try(k key) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if free, busy := t.taken[k]; busy {
		return free
	}
	t.taken[k] = make(chan struct{})
	return nil
}

func (t *turns) release(k key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.taken[k])
	delete(t.taken, k)
}
