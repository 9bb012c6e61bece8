package supervisor

import (
	"context"
	"fmt"
	"path/filepath"
)

// call runs begin in the unit's goroutine and waits for its outcome, which begin or a later event sends. When ctx
// ends first the start is abandoned, and the outcome is that.
func (u *Unit) call(ctx context.Context, begin func(c chan error)) error {
	c := make(chan error, 1)
	if err := u.do(ctx, func() { begin(c) }); err != nil {
		return err
	}
	select {
	case err := <-c:
		return err
	case <-ctx.Done():
	}
	reason := context.Cause(ctx).Error() + " before it was ready"
	if missing := u.s.needs.missing(u.snapshotNeeds()); len(missing) > 0 {
		reason += fmt.Sprintf("; it waits for %v", missing)
	}
	// The process must be gone before the caller hears of it, so this outlives ctx.
	if err := u.do(context.WithoutCancel(ctx), func() { u.abandon(c, reason) }); err != nil {
		return err
	}
	return <-c
}

// snapshotNeeds returns the needs, from any goroutine.
func (u *Unit) snapshotNeeds() []string {
	answer := make(chan []string, 1)
	if u.do(context.Background(), func() { answer <- u.spec.Needs }) != nil {
		return nil
	}
	return <-answer
}

// stopAndWait returns when the unit has stopped, or when ctx ends.
func (u *Unit) stopAndWait(ctx context.Context) error {
	c := make(chan error, 1)
	if err := u.do(ctx, func() { u.stop(c) }); err != nil {
		return err
	}
	select {
	case err := <-c:
		return err
	case <-ctx.Done():
		return fmt.Errorf("cannot wait for the end of a process: %w", context.Cause(ctx))
	}
}

// begin starts a unit that is new, or takes over what runs in its directory.
func (u *Unit) begin(ctx context.Context) {
	p, err := u.look(ctx)
	switch {
	case err != nil:
		u.notStarted(err)
	case p != nil && u.spec.Schedule == nil && u.spec.Order != "" && !startedBy(u.spec):
		u.attach(p) // what another order has left is not what is asked for
		u.terminate(thenReplace, "")
	case p != nil:
		u.adopt(p)
	default:
		u.start()
	}
}

// takeOver changes the spec of a unit, which has to do for what runs.
func (u *Unit) takeOver(spec Spec) {
	u.s.needs.remove(u, u.spec, u.status.Ready)
	u.s.needs.add(u, spec)
	u.mu.Lock()
	u.status.Ready = u.status.Ready && spec.Schedule != nil // which goes on as it is, and is not counted
	u.mu.Unlock()
	u.spec = spec
}

func (u *Unit) stopFile() string { return filepath.Join(u.dir, stopFile) }
