package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/providers/sdk"
)

const (
	restartPause = time.Second            // between the end of a process and its next start
	defaultGrace = 10 * time.Second       // before a process that was asked to end is killed
	startTime    = time.Minute            // for a start whose recipe says nothing else
	probeEvery   = 200 * time.Millisecond // while a process starts
	probeTime    = 5 * time.Second        // for one probe
	alive        = 300 * time.Millisecond // without a check a process is ready when it has run for so long
	lastLines    = 10                     // of the log are told of a start that has failed
)

// tick is when one looks again, if systemd tells nothing.
func tick() <-chan time.Time { return time.After(time.Second) }

func grace(s supervisor.Stop) time.Duration {
	if s.Grace <= 0 {
		return defaultGrace
	}
	return s.Grace
}

// bring starts a unit and waits until its process is ready. One that runs as wanted is left as it is, one that runs otherwise is
// ended first. With same nothing of it changes that a process is started anew for, and one that runs need not be ready. placed tells
// whether there may be a unit afterwards.
func (i instance) bring(ctx context.Context, u unit, same bool, report sdk.Report) (placed bool, err error) {
	s, err := i.manager.status(ctx, u.name)
	if err != nil {
		return false, err
	}
	if !s.absent() {
		if err := s.owned(u.id); err != nil {
			return false, err
		}
		if same && s.kept() && u.noted() {
			return true, nil
		}
		if s.kept() && s.sub != "auto-restart" && u.noted() { // an earlier attempt came so far
			return true, i.ready(ctx, u, s.restarts, report)
		}
		report.Send(sdk.Progress{Text: "ending the one before"})
		if err := i.manager.stop(ctx, u.name); err != nil {
			return true, err
		}
	}
	if err := u.spec.Free(); err != nil {
		return !s.absent(), err
	}
	if err := u.write(); err != nil {
		return !s.absent(), err
	}
	report.Send(sdk.Progress{Text: "starting " + u.name})
	if u.spec.Liveness.Probe != nil {
		report.Logf("the liveness check of %s is not made: systemd knows none", u.id.Address)
	}
	if made, err := i.manager.start(ctx, u); err != nil {
		return made || !s.absent(), err
	}
	return true, i.ready(ctx, u, 0, report)
}

// ready returns when the process is ready. It is an error if it ends before; systemd has started it again so many times by now.
func (i instance) ready(ctx context.Context, u unit, restarts uint32, report sdk.Report) error {
	changed, stop := i.manager.changes(u.name)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, u.startTime(), fmt.Errorf("it was not ready after %s", u.startTime()))
	defer cancel()
	passed := u.probe(ctx)
	for {
		s, err := i.manager.status(ctx, u.name)
		if err != nil {
			return err
		}
		if s.finished() {
			return nil
		}
		if s.ended(restarts) {
			return u.withLines(fmt.Errorf("%s before it was ready", s.cause(u.memory)))
		}
		select {
		case err := <-passed:
			if err != nil {
				return u.withLines(err)
			}
			return nil
		case <-changed:
		case <-tick():
			report.Send(sdk.Progress{Text: fmt.Sprintf("%s is %s (%s)", u.name, s.active, s.sub)})
		}
	}
}

func (u unit) startTime() time.Duration {
	if u.spec.StartTimeout > 0 {
		return u.spec.StartTimeout
	}
	return startTime
}

// probe makes the check of a start again and again until it passes, and tells nil; or until ctx ends, and tells why it did not.
func (u unit) probe(ctx context.Context) <-chan error {
	passed := make(chan error, 1)
	check := u.spec.Startup
	if check.Probe == nil {
		check = u.spec.Readiness
	}
	go func() {
		if check.Probe == nil {
			passed <- pause(ctx, alive)
			return
		}
		var last error
		for pause(ctx, max(check.InitialDelay, probeEvery)) == nil {
			check.InitialDelay = 0
			if last = once(ctx, check.Probe, probeTime); last == nil || undecided(last) {
				passed <- nil
				return
			}
		}
		passed <- errors.Join(context.Cause(ctx), last)
	}()
	return passed
}

// undecided reports whether a probe says that it cannot tell at the moment; see supervisor.Probe.
func undecided(err error) bool {
	var u interface{ Undecided() bool }
	return errors.As(err, &u) && u.Undecided()
}

func once(ctx context.Context, p supervisor.Probe, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return p.Run(ctx)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// withLines is err with what the process wrote last.
func (u unit) withLines(err error) error {
	lines, _ := shim.Tail(u.spec.Dir, lastLines) // there may be none
	if len(lines) == 0 {
		return err
	}
	return fmt.Errorf("%w; its last output:\n  %s", err, strings.Join(lines, "\n  "))
}
