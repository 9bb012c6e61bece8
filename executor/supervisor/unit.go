package supervisor

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
)

// A Unit is one supervised process. All fields but the channels, dir, component and the status belong to its goroutine.
type Unit struct {
	s              *Supervisor
	dir, component string // of the spec; they never change
	requests       chan func()
	wake           chan struct{} // a need may have become ready; holds one message
	results        chan result
	removed        chan struct{} // closed by its goroutine when the unit is forgotten

	spec     Spec
	state    State
	process  *shim.Process // nil if none runs
	adopted  bool          // process was running before this supervisor
	run      context.Context
	endRun   context.CancelFunc
	probers  [3]prober
	policy   policy
	blind    int    // looks at the directory in a row that have failed; until one does not, a process may run there
	assumed  string // why the check of the start could not tell, as long as none has passed since; "" if one has
	leaving  bool   // it is being removed: the user does not start it any more, or what he starts would be left behind
	firstRun bool   // somebody waits for the first ready: an end is a failure, not a restart
	after    after
	times    timetable // of one with a schedule
	over     func(Run) // of one that is there for one run: told its end, in the unit's goroutine
	restarts int
	lastExit *shim.Exit // nil until one is known
	room     *os.File   // of the start that follows the end of the process; nil if it was not held

	readySince time.Time
	aliveAt    time.Time // ready if it lives then; zero if a check decides
	startBy    time.Time
	killAt     time.Time
	retryAt    time.Time

	starters []chan error // who waits for ready
	stoppers []chan error // who waits for stopped

	mu     sync.Mutex
	status Status
}

// after says what follows when a process that was asked to end has ended.
type after uint8

const (
	thenStop    after = iota
	thenFail          // the first start has failed
	thenRestart       // as if it had ended by itself
	thenReplace       // start again at once, with what is now the spec
	thenRun           // the next run of the schedule takes its place
	thenExpire        // the run has taken too long
)

// The checks of a unit, as indexes of probers.
const (
	startup = iota
	readiness
	liveness
)

// result is the outcome of one probe.
type result struct {
	run   context.Context // tells probes of an earlier process
	check int
	err   error
}

func newUnit(s *Supervisor, spec Spec) *Unit {
	u := &Unit{
		s: s, dir: spec.Dir, component: spec.Component, spec: spec, requests: make(chan func()), wake: make(chan struct{}, 1), results: make(chan result),
		removed: make(chan struct{}),
		// Until it is told what to do: who asks at this moment must not take it for one that somebody has stopped.
		status: Status{Address: spec.Address, Component: spec.Component, Dir: spec.Dir, State: Waiting, Since: s.clock.Now()},
	}
	if spec.Schedule != nil {
		u.status.Run = spec.Schedule.number
	}
	s.needs.add(u, spec)
	return u
}

// loop runs the unit until it is removed or the supervisor closed.
func (u *Unit) loop() {
	defer u.release()
	if u.spec.Schedule != nil {
		u.takeAsides()
	}
	for {
		timer := u.timer()
		var fired <-chan time.Time
		if timer != nil {
			fired = timer.C()
		}
		var ended <-chan struct{}
		if u.process != nil {
			ended = u.process.Done()
		}
		select {
		case f := <-u.requests:
			f()
		case <-u.wake:
			u.needsChanged()
		case r := <-u.results:
			u.probed(r)
		case <-ended:
			u.ended()
		case <-fired:
			u.tick(u.s.clock.Now())
		case <-u.s.closed:
			return
		}
		if timer != nil {
			timer.Stop()
		}
		select {
		case <-u.removed:
			return
		default:
		}
	}
}

// release leaves the process running.
func (u *Unit) release() {
	u.leaveRun()
	if u.process != nil {
		u.process.Release()
	}
	for _, c := range append(u.starters, u.stoppers...) {
		c <- ErrClosed
	}
}

// timer returns one for the earliest deadline, or nil.
func (u *Unit) timer() Timer {
	var next time.Time
	times := u.times.deadlines(u.s.clock.Now())
	for _, at := range []time.Time{
		u.aliveAt, u.startBy, u.killAt, u.retryAt, u.probers[startup].next, u.probers[readiness].next, u.probers[liveness].next,
		times[0], times[1],
	} {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if next.IsZero() {
		return nil
	}
	return u.s.clock.NewTimer(next)
}

// do runs f in the unit's goroutine. It fails with ErrClosed or ErrUnknown, or when ctx ends first.
func (u *Unit) do(ctx context.Context, f func()) error {
	select {
	case u.requests <- f:
		return nil
	case <-u.removed:
		return ErrUnknown
	case <-u.s.closed:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// enter changes the state and tells everybody. problem is "" if all is well.
func (u *Unit) enter(state State, problem string) { u.enterSince(state, problem, u.s.clock.Now()) }

// enterSince enters a state that began before this supervisor. The status changes in one piece: nobody sees the restarts of a
// process beside the state of another.
func (u *Unit) enterSince(state State, problem string, since time.Time) {
	was := u.status.Ready
	u.state = state
	u.mu.Lock()
	u.status.State, u.status.Since, u.status.LastError = state, since, problem
	u.status.Restarts, u.status.LastExit = u.restarts, u.lastExit
	u.status.Ready = state == Ready || state == Finished || state == Scheduled || state == Running || state == Standby
	u.status.Gone = u.process == nil && u.blind == 0
	u.status.Failing = state == Stopping && u.after == thenRestart
	u.status.Assumed = state == Ready && u.assumed != ""
	u.setTimes()
	u.status.PID = 0
	if u.process != nil {
		u.status.PID = u.process.PID()
	}
	status := u.status
	u.mu.Unlock()
	if was != status.Ready && u.spec.Schedule == nil {
		u.s.needs.change(u.component, status.Ready)
	}
	if u.s.onChange != nil {
		u.s.onChange(status)
	}
	u.s.settle.note(u, state)
	if !status.Assumed { // the next supervisor asks again
		u.noteReadiness(state)
	}
}

// snapshot returns the unit as it is now, from any goroutine.
func (u *Unit) snapshot() Status {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.status
}

// started tells those who wait for ready; err is nil if it is.
func (u *Unit) started(err error) {
	for _, c := range u.starters {
		c <- err
	}
	u.starters, u.firstRun = nil, false
}

// stopped tells those who wait for the end.
func (u *Unit) stopped() {
	for _, c := range u.stoppers {
		c <- nil
	}
	u.stoppers = nil
}

// startError describes why the first start has failed.
func (u *Unit) startError(reason string, exit *shim.Exit, err error) *StartError {
	lines, tailErr := shim.Tail(u.spec.Dir, errorLines)
	return &StartError{Address: u.spec.Address, Reason: reason, Exit: exit, Lines: lines, Err: errors.Join(err, tailErr)}
}

// errorLines is how much output a StartError carries.
const errorLines = 20
