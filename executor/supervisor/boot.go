package supervisor

import (
	"context"
	"errors"
	"sync"

	"github.com/nsynapse/recipe/executor/shim"
)

// Boot takes over all units at once, after a start of the agent or the machine: what runs is adopted with its process,
// an app whose shim was killed gets a new one, a paused unit and one that Waits stay stopped, and the rest starts in the
// order of needs, as much at a time as that allows. What runs though its unit is paused is stopped: the supervisor before
// this one was killed in doing so. It returns when it has looked at all of them, without waiting for
// any to be ready; Settle does that. A unit that does not start is restarted again and again, and no error; one that
// could not be looked at is not started before it was, since its app may live.
func (s *Supervisor) Boot(ctx context.Context, specs []Spec) error {
	var units []*Unit
	own := map[*Unit]Spec{}
	var problems []error
	for _, spec := range specs { // all are known before the first looks at its needs
		u, err := s.add(spec)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		units = append(units, u)
		own[u] = spec
	}
	var group sync.WaitGroup
	looked := make([]error, len(units))
	adopted := make([]*shim.Process, len(units))
	for i, u := range units {
		group.Go(func() { adopted[i], looked[i] = s.look(ctx, own[u]) })
	}
	group.Wait()
	// Adopted units come first: what needs them does not have to wait then.
	for i, u := range units {
		if p := adopted[i]; p != nil {
			problems = append(problems, u.do(ctx, func() { u.adopt(p) }))
		}
	}
	for i, u := range units {
		if adopted[i] != nil {
			continue
		}
		problems = append(problems, u.do(ctx, func() { u.boot(looked[i]) }))
	}
	return errors.Join(problems...)
}

// boot is what follows when nothing runs in the directory; err says that this could not be found out, so that something
// may run there.
func (u *Unit) boot(err error) {
	switch {
	case err == nil && u.paused():
		u.stayStopped()
		return
	case u.spec.Waits:
		u.enter(Stopped, "")
		return
	}
	if found, findErr := shim.Find(u.spec.Dir); findErr == nil && found.State == shim.Finished {
		u.lastExit = &found.Exit
	}
	if err != nil {
		u.blind = 1
		u.lookLater(err)
		return
	}
	if u.spec.Schedule != nil {
		u.catchUp()
		return
	}
	u.start()
}
