package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
)

// What can happen to a unit. Every method runs in the unit's goroutine.

// start begins a unit that does not run.
func (u *Unit) start() {
	u.policy = policy{}
	if u.spec.Schedule != nil {
		u.keepTimes()
		return
	}
	u.await()
}

// await goes on to starting, or waits for the needs.
func (u *Unit) await() {
	u.retryAt = time.Time{}
	if missing := u.s.needs.missing(u.spec.Needs); len(missing) > 0 {
		if problem := "waits for " + strings.Join(missing, ", "); u.state != Waiting || u.status.LastError != problem {
			u.enter(Waiting, problem)
		}
		return
	}
	u.launch()
}

// needsChanged follows a change of what it needs, and Wake.
func (u *Unit) needsChanged() {
	if u.state == Waiting || u.state == Standby {
		u.await()
	}
}

// launch makes the process run. That takes milliseconds, so that the unit can well be deaf meanwhile.
func (u *Unit) launch() {
	u.adopted = false
	spec, open, err := u.spec.gated()
	if err == nil && !open {
		u.standBy()
		return
	}
	var p *shim.Process
	if err == nil {
		p, err = u.s.launch(spec)
	}
	if _, taken := errors.AsType[obstructed](err); taken || errors.Is(err, shim.ErrBusy) {
		p, err = u.overtaken(err)
	}
	if err != nil {
		u.notStarted(err)
		return
	}
	u.attach(p)
	if u.spec.Schedule != nil {
		u.running()
		return
	}
	u.probers[startup].begin(u.spec.Startup, u.s.clock.Now(), true)
	u.enter(Starting, "")
	u.probe(u.s.clock.Now())
}

// standBy leaves the unit for Wake. Whoever waits for it has what can be had.
func (u *Unit) standBy() {
	if u.state != Standby || !u.status.Ready { // replace has taken that back
		u.enter(Standby, "")
	}
	u.started(nil)
}

// notStarted is the end of a process that never was, or that could not be looked at.
func (u *Unit) notStarted(err error) {
	switch {
	case u.firstRun:
		u.enter(Failed, err.Error())
		u.started(u.startError("the process cannot be started", nil, err))
	case u.blind > 0:
		u.lookLater(err)
	case u.times.job != nil:
		u.endRunWith(Broke, err.Error())
	default:
		u.again(0, err.Error())
	}
}

// attach makes p the process of the unit.
func (u *Unit) attach(p *shim.Process) {
	now := u.s.clock.Now()
	u.process, u.after = p, thenStop
	u.run, u.endRun = context.WithCancel(context.Background())
	if u.spec.Schedule != nil {
		return // its end is awaited, and nothing else
	}
	u.startBy = now.Add(u.spec.StartTimeout)
	if u.spec.Startup.Probe == nil {
		u.aliveAt, u.startBy = now.Add(aliveAfter), time.Time{}
	}
}

// adopt takes over a process that runs already. One that was ready goes on from there. One of which that is not known is
// given the time of a start, and is not killed for being slow to answer: an agent of another build may have seen it ready.
func (u *Unit) adopt(p *shim.Process) {
	u.attach(p)
	u.adopted = true
	if u.spec.Schedule != nil {
		u.adoptRun()
	}
	if u.paused() { // whoever was asked to stop it was killed in that
		u.dropTimes()
		u.terminate(thenStop, "")
		u.stopAsides()
		return
	}
	if u.spec.Schedule != nil {
		return
	}
	if k, ok := u.recall(); ok && (k.state == Ready || !u.firstRun) { // who waits for its start does so for a time that is bounded
		u.resume(k)
		return
	}
	if u.spec.Startup.Probe == nil {
		u.becomeReady(u.s.clock.Now())
		return
	}
	u.probers[startup].begin(u.spec.Startup, u.s.clock.Now(), true)
	u.enter(Starting, "")
	u.probe(u.s.clock.Now())
}

// becomeReady follows starting, and the adoption of a process that has been ready since then.
func (u *Unit) becomeReady(since time.Time) {
	u.aliveAt, u.startBy = time.Time{}, time.Time{}
	u.readySince = since
	u.keepChecking(u.spec.Readiness)
	u.enterSince(Ready, u.assumed, since)
	u.started(nil)
}

// becomeUnready follows the adoption of a process that does not do its work. What checked its start goes on checking it if
// nothing else does.
func (u *Unit) becomeUnready(problem string, since time.Time) {
	check := u.spec.Readiness
	if check.Probe == nil {
		check = u.spec.Startup
	}
	u.startBy = time.Time{}
	u.keepChecking(check)
	u.enterSince(Unready, problem, since)
}

func (u *Unit) keepChecking(ready Check) {
	now := u.s.clock.Now()
	u.probers[startup] = prober{}
	u.probers[readiness].begin(ready, now, false)
	u.probers[liveness].begin(u.spec.Liveness, now, false)
}

// checkNow makes the next probes at once: nobody has looked at the process for some time.
func (u *Unit) checkNow() {
	now := u.s.clock.Now()
	for i := range u.probers {
		u.probers[i].hurry(now)
	}
	u.probe(now)
}

// tick does everything that is due.
func (u *Unit) tick(now time.Time) {
	due := func(at *time.Time) bool {
		if at.IsZero() || now.Before(*at) {
			return false
		}
		*at = time.Time{}
		return true
	}
	if due(&u.aliveAt) {
		u.becomeReady(u.s.clock.Now())
	}
	if due(&u.startBy) {
		u.tooSlow()
	}
	if due(&u.killAt) {
		u.signal(syscall.SIGKILL)
	}
	if due(&u.retryAt) {
		u.retry()
	}
	if due(&u.times.endBy) {
		u.terminate(thenExpire, "it took longer than "+u.spec.Schedule.Timeout.String())
	}
	u.lookAtClock(now)
	if at := u.times.dueAt; due(&u.times.dueAt) {
		u.due(at, now)
	}
	u.probe(now)
}

// tooSlow follows a startup check that never passed.
func (u *Unit) tooSlow() {
	reason := "not ready after " + u.spec.StartTimeout.String()
	if last := u.snapshot().LastError; last != "" {
		reason += ": " + last
	}
	switch {
	case u.firstRun:
		u.terminate(thenFail, reason)
	case u.adopted:
		u.becomeUnready(reason, u.s.clock.Now())
	default:
		u.terminate(thenRestart, reason)
	}
}

// probe makes the probes that are due.
func (u *Unit) probe(now time.Time) {
	for i := range u.probers {
		if !u.probers[i].take(now) {
			continue
		}
		check, run := u.probers[i].check, u.run
		go func() {
			ctx, cancel := context.WithTimeout(run, check.Timeout)
			err := check.Probe.Run(ctx)
			cancel()
			select {
			case u.results <- result{run, i, err}:
			case <-run.Done(): // nobody wants to know any more
			}
		}()
	}
}

// probed takes in the outcome of a probe.
func (u *Unit) probed(r result) {
	if r.run != u.run || !u.probers[r.check].running {
		return
	}
	assumed := ""
	if undecided(r.err) {
		if r.check != startup {
			u.probers[r.check].passOver(u.s.clock.Now())
			return
		}
		assumed, r.err = r.err.Error(), nil
	}
	v := u.probers[r.check].done(u.s.clock.Now(), r.err)
	switch {
	case u.state == Stopping:
	case r.check == startup && v == passed:
		u.assumed = assumed
		u.becomeReady(u.s.clock.Now())
	case r.check == readiness && v == passed && u.state == Ready && u.assumed != "":
		u.assumed = ""
		u.enterSince(Ready, "", u.status.Since)
	case r.check == startup && r.err != nil:
		u.note(r.err.Error())
	case r.check == readiness && v == passed && u.state == Unready:
		u.readySince, u.assumed = u.s.clock.Now(), ""
		u.enter(Ready, "")
		u.started(nil) // of somebody who started a unit that ran already
	case r.check == readiness && v == failed && u.state == Ready:
		u.enter(Unready, "readiness: "+r.err.Error())
	case r.check == liveness && v == failed:
		u.terminate(thenRestart, "liveness: "+r.err.Error())
	}
}

// note keeps an error for the status without a change of state.
func (u *Unit) note(problem string) {
	u.mu.Lock()
	u.status.LastError = problem
	u.mu.Unlock()
}

// terminate asks the process to end.
func (u *Unit) terminate(then after, problem string) {
	u.after = then
	if u.state == Stopping { // asked already; the new purpose counts
		return
	}
	for i := range u.probers {
		u.probers[i] = prober{}
	}
	u.aliveAt, u.startBy = time.Time{}, time.Time{}
	u.killAt = u.s.clock.Now().Add(u.spec.Stop.Grace)
	u.enter(Stopping, problem)
	u.signal(u.spec.Stop.Signal)
}

// fence ends the process with that PID, if it is still the one that runs: now, or as it is to be stopped. It is started
// again, as far as Spec.Gate allows.
func (u *Unit) fence(pid int, now bool, why string) {
	switch {
	case u.process == nil || u.process.PID() != pid:
	case now:
		if u.state != Stopping {
			u.terminate(thenRestart, why)
		}
		u.signal(syscall.SIGKILL)
	case u.state != Stopping:
		u.terminate(thenReplace, why)
	}
}

func (u *Unit) signal(s syscall.Signal) {
	if err := u.process.SignalGroup(s); err != nil && !errors.Is(err, shim.ErrEnded) {
		u.note("cannot send " + s.String() + ": " + err.Error())
	}
}

// stop ends the unit in whatever state it is and tells c.
func (u *Unit) stop(c chan error) {
	if err := u.lookOnce(); err != nil {
		c <- fmt.Errorf("cannot stop %s: %w", u.spec.Address, err)
		return
	}
	u.stoppers = append(u.stoppers, c)
	u.dropTimes()
	if u.process != nil {
		u.terminate(thenStop, "")
		u.stopAsides()
		return
	}
	u.retryAt = time.Time{}
	if len(u.times.asides) > 0 {
		u.haltAsides()
		return
	}
	u.enter(Stopped, "")
	u.started(u.startError("it was stopped", nil, nil))
	u.stopped()
}

// replace starts the unit with another spec after it has stopped the process that runs, and tells c when it is ready.
func (u *Unit) replace(spec Spec, c chan error) {
	if err := u.lookOnce(); err != nil {
		c <- fmt.Errorf("cannot replace %s: %w", u.spec.Address, err)
		return
	}
	if u.spec.Schedule != nil && spec.Schedule != nil {
		u.changeTimes(spec, c)
		return
	}
	u.dropTimes()
	u.s.needs.remove(u, u.spec, u.status.Ready)
	old := u.spec.Stop
	u.s.needs.add(u, spec)
	u.mu.Lock()
	u.status.Ready = false
	u.mu.Unlock()
	u.spec = spec
	u.retryAt = time.Time{}
	u.started(u.startError("it was replaced", nil, nil))
	u.starters, u.firstRun = append(u.starters, c), true
	if u.process == nil {
		u.start()
		return
	}
	u.spec.Stop = old // the running process is stopped as it was promised
	u.terminate(thenReplace, "")
	u.spec.Stop = spec.Stop
}

// join has c told the outcome of the start that somebody waits for already; it reports false if there is none.
func (u *Unit) join(c chan error) bool {
	if !u.firstRun || u.state == Stopping && u.after != thenReplace {
		return false
	}
	u.starters = append(u.starters, c)
	return true
}

// abandon gives up a start that took longer than the caller c wants to wait. It goes on for others who wait for it.
func (u *Unit) abandon(c chan error, reason string) {
	switch i := slices.Index(u.starters, c); {
	case !u.firstRun || i < 0: // it was told meanwhile
	case len(u.starters) > 1:
		u.starters = slices.Delete(u.starters, i, i+1)
		c <- u.startError(reason, nil, nil)
	case u.process != nil:
		u.terminate(thenFail, reason)
	default:
		u.enter(Failed, reason)
		u.started(u.startError(reason, nil, nil))
	}
}

// paused reports whether the user has stopped the unit, which outlives the supervisor.
func (u *Unit) paused() bool {
	_, err := os.Stat(u.stopFile())
	return err == nil
}
