package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// startUnits lets all stopped units that the target contains run again, those first that others need.
func (a *Agent) startUnits(ctx context.Context, q UnitRequest) (UnitAnswer, error) {
	return a.act(ctx, q, primariesFirst, func(ctx context.Context, s *stack, unit string) error {
		return a.supervisor.Resume(ctx, unitName(s.name, unit))
	})
}

// stopUnits ends all units that the target contains, until start: those first that nothing else needs. Each gets no more requests
// before, and time for those that it is at.
func (a *Agent) stopUnits(ctx context.Context, q UnitRequest) (UnitAnswer, error) {
	return a.act(ctx, q, neededLast, a.without(a.supervisor.Pause))
}

// restartUnits ends all units that the target contains and starts them again, those first that others need. Of a component one
// instance is down at a time; the next has its turn when the router has the one before again, and none if that fails. What could
// not be started again for want of room on the disk goes on.
func (a *Agent) restartUnits(ctx context.Context, q UnitRequest) (UnitAnswer, error) {
	restart := a.without(a.supervisor.Restart)
	return a.act(ctx, q, backupsFirst, func(ctx context.Context, s *stack, unit string) error {
		if err := a.supervisor.Room(unitName(s.name, unit)); err != nil {
			return err
		}
		return restart(ctx, s, unit)
	})
}

// without does something to a unit that the router has let go of: what it is at is waited for, as long as its drain says.
func (a *Agent) without(do func(ctx context.Context, name string) error) func(context.Context, *stack, string) error {
	return func(ctx context.Context, s *stack, unit string) error {
		id, ok, err := a.identify(s, unit)
		if err != nil {
			return err
		}
		if !ok || len(portsOf(id)) == 0 {
			return do(ctx, unitName(s.name, unit))
		}
		if a.directory.Hold(s.name, unit, true) {
			defer a.comeBack(ctx, s.name, unit)
		}
		if a.routes.started.Load() {
			a.emptied(ctx, id)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("it was left as it is: %w", context.Cause(ctx))
		}
		return do(ctx, unitName(s.name, unit))
	}
}

// comeBack returns when the router has a unit again that was taken out of it, if that is ready.
func (a *Agent) comeBack(ctx context.Context, stack, unit string) {
	a.directory.Hold(stack, unit, false)
	if !a.routes.started.Load() {
		return
	}
	if err := a.letGo(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintf(a.Log, "%s of stack %s is back, and the router was not told: %s\n", unit, stack, err)
	}
}

// identify is the recorded value of a process that always runs; ok is false for any other unit.
func (a *Agent) identify(s *stack, unit string) (id sdk.Identity, ok bool, err error) {
	at, err := addr.Parse(unit)
	if err != nil {
		return id, false, nil
	}
	o := s.object(at)
	if o == nil || o.Type != "instance" {
		return id, false, nil
	}
	v, err := o.Decode(a.provider.Schema().Types[o.Type].Object(), s.reveal)
	if err != nil {
		return id, false, fmt.Errorf("cannot read what is recorded of %s: %w", unit, err)
	}
	clear, _ := v.UnmarkDeep()
	return sdk.Identity{Address: unit, Stack: s.name, Known: clear}, true, nil
}

// way is the order in which something is done with units.
type way uint8

const (
	neededLast     way = iota // those first that nothing else needs, all instances together
	primariesFirst            // those first that others need, one instance of a component after another; a backup may wait for its primary
	backupsFirst              // likewise: what takes over from a primary then is what has been started anew
)

// act does something with all units that the target contains.
func (a *Agent) act(ctx context.Context, q UnitRequest, order way, do func(ctx context.Context, s *stack, unit string) error) (UnitAnswer, error) {
	s, err := a.find(q.Stack)
	if err != nil {
		return UnitAnswer{}, err
	}
	chosen, err := a.choose(s, q.Target)
	if err != nil {
		return UnitAnswer{}, err
	}
	if chosen, err = a.withoutRuns(s, chosen, order != neededLast); err != nil {
		return UnitAnswer{}, err
	}
	var answer UnitAnswer
	for _, level := range s.levels(chosen, order != neededLast) {
		turns := [][]string{level}
		if order != neededLast {
			turns = a.turns(s, level, order == primariesFirst)
		}
		for _, turn := range turns {
			done, err := together(turn, func(unit string) error { return do(ctx, s, unit) })
			answer.Units = append(answer.Units, done...)
			if err != nil {
				return answer, err
			}
		}
	}
	return answer, nil
}

// together does something to several units at a time. One that a run has removed meanwhile is no error, and not among those that it
// was done to.
func together(units []string, do func(unit string) error) (done []string, err error) {
	var wait sync.WaitGroup
	errs := make([]error, len(units))
	for i, unit := range units {
		wait.Go(func() { errs[i] = do(unit) })
	}
	wait.Wait()
	for i, unit := range units {
		if errors.Is(errs[i], supervisor.ErrUnknown) {
			continue
		}
		done = append(done, unit)
		if errs[i] != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", unit, errs[i]))
		}
	}
	return done, err
}

// turns has one instance of each component at a time, and of those with roles the primaries first, or last.
func (a *Agent) turns(s *stack, units []string, primaries bool) [][]string {
	type instance struct {
		component addr.Component
		index     int
		slot      addr.Slot
	}
	of := func(unit string) instance {
		at, _ := addr.Parse(unit) // levels has left out what does not parse
		return instance{at.Component, at.Index, at.Slot}
	}
	late := func(unit string) int {
		if role := a.roles.role(unitName(s.name, unit)); role != "" && (role == "primary") != primaries {
			return 1
		}
		return 0
	}
	units = slices.Clone(units)
	slices.SortStableFunc(units, func(x, y string) int {
		return cmp.Or(cmp.Compare(late(x), late(y)), cmp.Compare(of(x).index, of(y).index), strings.Compare(x, y))
	})
	turn, next := map[instance]int{}, map[addr.Component]int{}
	var turns [][]string
	for _, unit := range units {
		i := of(unit)
		n, ok := turn[i]
		if !ok {
			n = next[i.component]
			turn[i], next[i.component] = n, n+1
		}
		if n == len(turns) {
			turns = append(turns, nil)
		}
		turns[n] = append(turns[n], unit)
	}
	return turns
}

// object is what is recorded at an address; nil for nothing.
func (s *stack) object(at addr.Instance) (o *state.Object) {
	s.book.View(func(st *state.State, _ *apply.Run) { o = st.Objects[at] }) // which never changes, see Book.Copy
	return o
}
