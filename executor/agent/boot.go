package agent

import (
	"context"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// boot brings back what the states say is running.
func (a *Agent) boot() {
	specs := a.routes.boot()
	for _, s := range a.all() {
		specs = append(specs, a.restore(s)...)
	}
	a.supervisor.Boot(a.running, specs)
	a.routes.send()
	a.background.Go(a.routes.upgrade)
}

// taken are the types of resources that an agent takes over when it starts.
var taken = []string{"allocation", "endpoint", "route", "instance", "schedule"}

// restore reserves what the recorded resources of a stack hold, and returns the processes that should run.
func (a *Agent) restore(s *stack) []supervisor.Spec {
	var specs []supervisor.Spec
	types := a.provider.Schema().Types
	objects := s.book.Copy().Objects
	begun := s.begun()
	if s.underWay() {
		fmt.Fprintf(a.Log, "stack %s has an interrupted run, which is carried on\n", s.name)
	}
	for _, o := range objects {
		if !slices.Contains(taken, o.Type) {
			continue
		}
		v, err := o.Decode(types[o.Type].Object(), s.reveal)
		if err != nil {
			fmt.Fprintf(a.Log, "stack %s: %s is left alone: %s\n", s.name, o.Addr, err)
			continue
		}
		clear, _ := v.UnmarkDeep()
		id := sdk.Identity{Address: o.Addr.String(), Stack: s.name, Known: clear}
		at := len(specs)
		if err := a.restoreObject(s, o, id, begun[o.Addr], &specs); err != nil {
			fmt.Fprintf(a.Log, "stack %s: %s: %s\n", s.name, o.Addr, err)
		}
		for i := range specs[at:] {
			specs[at+i].Waits = begun[o.Addr] // as it was recorded it is not to run any more; the run will say how
		}
	}
	return specs
}

// begun are the resources that a run was at when its agent ended, and that are about to be changed by it again.
func (s *stack) begun() map[addr.Instance]bool {
	begun := map[addr.Instance]bool{}
	s.book.View(func(_ *state.State, r *apply.Run) {
		if r == nil || r.Stopped {
			return
		}
		for i := range r.Tasks {
			switch r.Tasks[i].Status {
			case apply.Doing, apply.Removed, apply.Undoing:
				begun[r.Plan.Changes[i].Addr] = true
			}
		}
	})
	return begun
}

// restoreObject reserves what a resource holds. A process that a run was at gets no connections until the run says so: it may
// have been asked to end.
func (a *Agent) restoreObject(s *stack, o *state.Object, id sdk.Identity, begun bool, specs *[]supervisor.Spec) error {
	switch o.Type {
	case "allocation":
		return a.local.Restore(id)
	case "endpoint":
		return a.endpoints.Restore(id)
	case "route":
		return a.fronts.Restore(id)
	}
	if s.executor() != "" && o.Type == "instance" {
		a.place(id) // who runs it has gone on
		return nil
	}
	if err := a.local.RestoreFiles(id); err != nil {
		return err
	}
	if o.Type == "instance" {
		a.roles.enroll(id) // also one that does not run: its role is known all the same
	}
	if id.Known.GetAttr("running").Equals(cty.False).True() {
		return nil
	}
	spec, err := a.local.Spec(id)
	if err != nil {
		return err
	}
	if o.Type == "instance" && !begun {
		a.offer(id)
	}
	*specs = append(*specs, spec)
	return nil
}

// instanceChanged is told by the local executor before a process starts and after it was removed.
func (a *Agent) instanceChanged(id sdk.Identity) {
	if id.Known.IsNull() {
		a.withdraw(id)
		a.roles.withdraw(id)
		return
	}
	a.roles.enroll(id)
	a.offer(id)
	if status, ok := a.supervisor.Status(unitName(id.Stack, id.Address)); ok && status.Ready {
		a.routes.send() // it was taken out to be removed, and stays
	}
}

// offer puts the ports of a process into the directory.
func (a *Agent) offer(id sdk.Identity) {
	a.directory.Offer(id.Stack, id.Known.GetAttr("component").AsString(), id.Address, portsByName(id))
	if status, ok := a.supervisor.Status(unitName(id.Stack, id.Address)); ok {
		a.directory.SetReady(id.Stack, id.Address, status.Ready)
	}
}

// unitChanged is told by the supervisor. Readiness goes on to the router.
func (a *Agent) unitChanged(s supervisor.Status) {
	if isRouterUnit(s.Address) {
		a.routes.unitChanged(s)
	}
	stack, address, ok := splitUnit(s.Address)
	if ok {
		a.events.add(processEvent(stack, address, s))
		a.roles.note(s)
	}
	if ok && a.directory.SetReady(stack, address, s.Ready) {
		a.routes.send()
	}
}

// idle ends the agent when there is nothing left to look after.
func (a *Agent) idle(ctx context.Context) bool {
	for _, s := range a.all() {
		if err := a.forget(s); err != nil {
			fmt.Fprintf(a.Log, "cannot remove the empty stack %s: %s\n", s.name, err)
			return false
		}
	}
	a.mu.Lock()
	left := len(a.stacks)
	a.mu.Unlock()
	if left > 0 {
		return false
	}
	if err := a.routes.end(ctx); err != nil {
		fmt.Fprintf(a.Log, "cannot end the router: %s\n", err)
		return false
	}
	return true
}
