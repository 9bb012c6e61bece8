package apply

import (
	"context"
	"slices"
	"sync"

	"github.com/nsynapse/recipe/planner/dag"
)

// walk calls do for each task after all that come before it, as many at a time as allowed, each in a goroutine of
// its own. before[i] lists what comes before i, after its dependents. When ctx ends or do returns false nothing
// new is begun; walk returns when all that was begun has ended.
func (c *carrier) walk(ctx context.Context, before, after [][]int32, do func(ctx context.Context, i int32) bool) {
	missing := make([]int, len(before))
	ready := make([]int32, 0, len(before))
	for i := range before {
		missing[i] = len(before[i])
		if missing[i] == 0 {
			ready = append(ready, int32(i))
		}
	}
	type outcome struct {
		task int32
		ok   bool
	}
	ended := make(chan outcome)
	running, going := 0, true
	for {
		for going && ctx.Err() == nil && running < c.Parallel && len(ready) > 0 {
			i := ready[0]
			ready = ready[1:]
			if !c.changes[i].Does() {
				ok := do(ctx, i) // no goroutine for what does nothing
				going = going && ok
				ready = release(ready, missing, after[i])
				continue
			}
			running++
			go func() { ended <- outcome{i, do(ctx, i)} }()
		}
		if running == 0 {
			return
		}
		o := <-ended
		running--
		if !o.ok {
			going = false
			continue
		}
		ready = release(ready, missing, after[o.task])
	}
}

func release(ready []int32, missing []int, after []int32) []int32 {
	for _, d := range after {
		if missing[d]--; missing[d] == 0 {
			ready = append(ready, d)
		}
	}
	return ready
}

// forward does the tasks of the run in the order of their needs. It returns an error only if recording failed; a
// task that fails makes the run undo.
func (c *carrier) forward(ctx context.Context) error {
	needs := make([][]int32, len(c.changes))
	for i := range c.changes {
		needs[i] = c.changes[i].Needs
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	var once sync.Once
	var cause string
	var failed int32
	c.walk(work, needs, dag.New(needs).Dependents(), func(ctx context.Context, i int32) bool {
		err := c.do(ctx, i)
		if err == nil {
			return true
		}
		// What still runs is cut short: it will be undone anyway.
		once.Do(func() { failed, cause = i, c.changes[i].Addr.String()+": "+err.Error(); cancel() })
		return false
	})
	if err := c.failed(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if cause != "" {
		hold := slices.Contains(c.run.Plan.Hold, c.changes[failed].Addr.Component)
		return c.Book.append(record{Turn: &turnRecord{Undo: !hold, Stop: hold, Held: hold, Error: cause}})
	}
	return nil
}

// backward undoes what was done, dependents first. What cannot be undone stays in the state, and the rest goes on. Of a
// run that the user stopped it undoes only what a crash cut off: nobody knows how far that came, and ended as it is it
// would be outside without being in the state.
func (c *carrier) backward(ctx context.Context) error {
	needs := make([][]int32, len(c.changes))
	for i := range c.changes {
		needs[i] = c.changes[i].Needs
	}
	c.walk(ctx, dag.New(needs).Dependents(), needs, func(ctx context.Context, i int32) bool {
		if !c.run.Stopped || c.cutOff(i) {
			c.undo(ctx, i)
		}
		return c.failed() == nil
	})
	if err := c.failed(); err != nil {
		return err
	}
	return ctx.Err()
}

// cutOff reports whether an attempt at task i has no recorded end.
func (c *carrier) cutOff(i int32) bool {
	s := c.status(i)
	return s == Doing || s == Undoing
}
