package agent

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

const (
	lookEvery     = 2 * time.Second // at the processes that another executor runs
	lookTogether  = 16              // calls at a time
	againAfter    = time.Second     // a process that did not come back is placed once more, and then twice as long after each time
	againLongest  = time.Minute
	statusGone    = "gone"
	statusUnknown = "unknown"
)

// look looks at the processes that other executors run for as long as the agent runs. At first it places again what is gone:
// after a reboot that may be all of them.
func (a *Agent) look() {
	for _, s := range a.all() {
		a.background.Go(func() { a.bringBack(s) })
	}
	for {
		select {
		case <-time.After(lookEvery):
		case <-a.running.Done():
			return
		}
		for _, s := range a.all() {
			a.lookAt(s)
		}
	}
}

// placedUnits are the recorded processes of a stack that another executor runs, those first that others need; nil if the agent
// runs them.
func (s *stack) placedUnits() [][]string {
	if s.executor() == "" {
		return nil
	}
	var units []string
	s.book.View(func(st *state.State, _ *apply.Run) {
		for at, o := range st.Objects {
			if o.Type == "instance" {
				units = append(units, at.String())
			}
		}
	})
	return s.levels(units, true)
}

// placedBy is what runs the instances of a stack.
func (a *Agent) placedBy(s *stack) (placed, error) {
	for _, p := range s.book.Copy().Plugins {
		if p.Executor {
			opened, err := a.openPlugin(a.running, p)
			if err != nil {
				return placed{}, err
			}
			return placed{opened.Resource("instance"), a}, nil
		}
	}
	return placed{}, fmt.Errorf("internal error: the stack %s has no executor of its own", s.name)
}

// bringBack places what is recorded as running and is gone. What an interrupted run was at is left to the run.
func (a *Agent) bringBack(s *stack) {
	begun := s.begun()
	for _, level := range s.placedUnits() {
		_, _ = together(level, func(unit string) error { // each tells of itself
			if at, err := addr.Parse(unit); err == nil && !begun[at] {
				a.bringBackUnit(s, unit, againAfter)
			}
			return nil
		})
	}
}

// bringBackUnit places one process if it is gone. If that fails it returns, and is tried again later, as long as it is recorded.
func (a *Agent) bringBackUnit(s *stack, unit string, pause time.Duration) {
	err := a.placeAgain(s, unit)
	if err == nil || a.running.Err() != nil {
		return
	}
	fmt.Fprintf(a.Log, "stack %s: %s is gone, and could not be placed again; the next try is in %s: %s\n", s.name, unit, pause, err)
	a.background.Go(func() {
		select {
		case <-time.After(pause):
			a.bringBackUnit(s, unit, min(2*pause, againLongest))
		case <-a.running.Done():
		}
	})
}

// placeAgain places a process that is recorded as running and is not there.
func (a *Agent) placeAgain(s *stack, unit string) error {
	p, err := a.placedBy(s)
	if err != nil {
		return err
	}
	done, err := a.outside.take(a.running, unitName(s.name, unit))
	if err != nil {
		return nil // the agent ends
	}
	defer done()
	id, ok, err := a.identify(s, unit)
	if err != nil || !ok || id.Known.GetAttr("running").False() {
		return err // it was removed meanwhile, or is not to run
	}
	now, diags := p.Resource.Read(a.running, id)
	if diags.HasErrors() {
		return diags.Err()
	}
	if !now.IsNull() && now.GetAttr("running").True() {
		return nil
	}
	a.saw(s, unit, sdk.Status{State: "starting", Message: "it was gone when the agent began"})
	before := cty.NullVal(id.Known.Type())
	if _, diags = p.apply(a.running, sdk.ApplyRequest{Identity: sdk.Identity{Address: id.Address, Stack: id.Stack, Known: before}, Before: before, After: id.Known, Token: rand.Text()}); !diags.HasErrors() {
		return nil
	}
	err = fmt.Errorf("%s", state.Redact(diags.Err().Error(), a.marked(s, unit)))
	a.saw(s, unit, sdk.Status{State: statusGone, Message: err.Error()})
	return err
}

// lookAt looks at all processes of a stack that another executor runs and that no call is under way for.
func (a *Agent) lookAt(s *stack) {
	var units []string
	for _, level := range s.placedUnits() {
		units = append(units, level...)
	}
	if len(units) == 0 {
		return
	}
	p, err := a.placedBy(s)
	if err != nil {
		return // whoever wants something of it is told
	}
	for len(units) > 0 {
		n := min(len(units), lookTogether)
		_, _ = together(units[:n], func(unit string) error { a.lookAtUnit(s, p, unit); return nil })
		units = units[n:]
	}
}

func (a *Agent) lookAtUnit(s *stack, p placed, unit string) {
	done, _ := a.outside.try(unitName(s.name, unit))
	if done == nil {
		return // who is at it tells
	}
	defer done()
	id, ok, err := a.identify(s, unit)
	if err != nil || !ok || a.running.Err() != nil {
		return
	}
	if status := p.status(a.running, id); a.running.Err() == nil {
		status.Message = state.Redact(status.Message, a.marked(s, unit))
		a.saw(s, unit, status)
	}
}

// status is how a process is, as its executor tells.
func (p placed) status(ctx context.Context, id sdk.Identity) sdk.Status {
	if o, ok := p.Resource.(sdk.Observer); ok {
		status, diags := o.Status(ctx, id)
		if diags.HasErrors() {
			return sdk.Status{State: statusUnknown, Message: diags.Err().Error()}
		}
		if status != nil {
			return *status
		}
	}
	now, diags := p.Resource.Read(ctx, id)
	switch {
	case diags.HasErrors():
		return sdk.Status{State: statusUnknown, Message: diags.Err().Error()}
	case now.IsNull():
		return sdk.Status{State: statusGone}
	case now.GetAttr("running").True():
		return sdk.Status{State: "ready", Ready: true}
	}
	return sdk.Status{State: "stopped"}
}

// saw keeps how a process is, and tells those who want to know. Of one that cannot be looked at the router keeps what it had.
func (a *Agent) saw(s *stack, unit string, now sdk.Status) {
	if before, _ := a.outside.status(unitName(s.name, unit)); now.PID == 0 && !now.Ready && now.Message == "" {
		now.Message = before.Message // why it was not placed again
	}
	before := a.outside.note(unitName(s.name, unit), now)
	if before.State != now.State || before.PID != now.PID || before.Message != now.Message {
		a.events.add(placedEvent(s.name, unit, before, now))
	}
	if now.State != statusUnknown && a.directory.SetReady(s.name, unit, now.Ready) {
		a.routes.send()
	}
}

// placedEvent is the news of a process that another executor runs. What happened between two looks shows in the restarts.
func placedEvent(stack, unit string, before, now sdk.Status) Event {
	v := Event{Time: time.Now(), Type: "process", Stack: stack, Address: unit, State: now.State, PID: now.PID, Message: now.Message}
	if v.Message == "" && before.State != "" && now.Restarts > before.Restarts {
		v.Message = "it had ended, and was started again"
	}
	return v
}

// marked is the recorded value of a process with its secrets, to be taken out of what is told of it.
func (a *Agent) marked(s *stack, unit string) cty.Value {
	at, err := addr.Parse(unit)
	if err != nil {
		return cty.NilVal
	}
	o := s.object(at)
	if o == nil {
		return cty.NilVal
	}
	v, err := o.Decode(a.provider.Schema().Types[o.Type].Object(), s.reveal)
	if err != nil {
		return cty.NilVal
	}
	return v
}
