package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/nsynapse/recipe/executor/roles"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/lang/addr"
)

// takeOver makes a primary of a backup that is not able to take over by itself, and returns when it serves. What the primary of before
// has and it has not is given up: the caller has asked somebody.
func (a *Agent) takeOver(ctx context.Context, q UnitRequest) (UnitAnswer, error) {
	s, err := a.find(q.Stack)
	if err != nil {
		return UnitAnswer{}, err
	}
	if _, err := a.choose(s, q.Target); err != nil {
		return UnitAnswer{}, err
	}
	at, err := addr.Parse(q.Target)
	if err != nil {
		return UnitAnswer{}, &Problem{Message: err.Error()}
	}
	if s.underWay() {
		return UnitAnswer{}, &Problem{Kind: "busy", Message: fmt.Sprintf("a run of %s is under way", s.name), Hint: "recipe apply follows it to its end."}
	}
	start := func() error {
		_, err := a.startUnits(a.running, q) // whether somebody waits for it or not
		return err
	}
	if err := a.roles.force(ctx, s.name, at, start); err != nil {
		return UnitAnswer{}, err
	}
	return UnitAnswer{Units: []string{at.String()}}, nil
}

// mostStarts is how often a process that takes over by force may be started before that is told as an error.
const mostStarts = 3

// force makes a primary of an instance, and waits until it serves. start is called once, in a goroutine of its own, if it is primary and
// nobody but a person would start it.
func (r *roleKeeper) force(ctx context.Context, stack string, at addr.Instance, start func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, name := r.components[unitName(stack, at.Component.String())], ""
	for unit, u := range r.units {
		if u.component == c && u.index == at.Index && u.settings.Main {
			name = unit
		}
	}
	if name == "" {
		return &Problem{Message: fmt.Sprintf("%s is not an instance of a component with backups", at), Hint: "recipe ps shows the instances and their roles."}
	}
	if c.err != nil {
		return c.err
	}
	if err := c.machine.Force(at.Index); err != nil {
		return notForced(at, err)
	}
	c.failed = nil
	if err := r.settle(c); err != nil {
		return err
	}
	before, _ := r.agent.supervisor.Status(name)
	var started chan error
	for !c.machine.Role(at.Index).Serves {
		now, _ := r.agent.supervisor.Status(name)
		role := c.machine.Role(at.Index)
		switch {
		case !role.Primary && !c.machine.Forced(at.Index):
			return &Problem{Message: fmt.Sprintf("%s did not take over: the primary works again", at), Hint: "recipe ps shows the instances and their roles."}
		case role.Primary && c.failed != nil:
			return &Problem{Message: fmt.Sprintf("%s is primary, and the command that promotes it fails: %s", at, c.failed), Hint: againAndAgain(at)}
		case role.Primary && now.Restarts >= before.Restarts+mostStarts:
			return &Problem{Message: fmt.Sprintf("%s is primary, and does not start: %s", at, now.LastError), Hint: againAndAgain(at)}
		case role.Primary && started == nil && (now.State == supervisor.Stopped || now.State == supervisor.Failed):
			started = make(chan error, 1)
			go func() { started <- start() }()
		}
		if err := r.await(ctx, started); err != nil {
			return err
		}
	}
	return nil
}

func againAndAgain(at addr.Instance) string {
	return fmt.Sprintf("It is tried again and again, and serves once that succeeds. recipe logs '%s' tells what it says.", at)
}

// await gives the lock away until something has changed, or ctx ends, or an error comes.
func (r *roleKeeper) await(ctx context.Context, failed <-chan error) error {
	changed := r.settled
	r.mu.Unlock()
	defer r.mu.Lock()
	select {
	case <-changed:
		return nil
	case err := <-failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// notForced is why an instance cannot be made primary, with the way out.
func notForced(at addr.Instance, err error) error {
	p := &Problem{Message: fmt.Sprintf("%s cannot take over: %s", at, err), Hint: "recipe ps shows the instances and their roles."}
	if errors.Is(err, roles.ErrNotLost) {
		p.Hint = "A backup that is able takes over by itself when the primary is stopped."
	}
	return p
}
