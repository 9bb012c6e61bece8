package supervisor

import (
	"slices"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
)

// leaveRun forgets everything about the process that has ended.
func (u *Unit) leaveRun() {
	if u.endRun != nil {
		u.endRun()
	}
	u.run, u.endRun = nil, nil
	u.giveRoom()
	for i := range u.probers {
		u.probers[i] = prober{}
	}
	u.aliveAt, u.startBy, u.killAt = time.Time{}, time.Time{}, time.Time{}
}

// ended follows the end of the process.
func (u *Unit) ended() {
	exit := u.process.Exit()
	if u.state == Stopping { // it was asked to; whom the limit of memory has cost something before does not end for that
		exit.Memory = 0
	}
	var healthy time.Duration
	if !u.readySince.IsZero() && u.state != Unready {
		healthy = u.s.clock.Now().Sub(u.readySince)
	}
	problem := u.snapshot().LastError
	u.leaveRun()
	u.process, u.readySince, u.lastExit, u.assumed = nil, time.Time{}, &exit, ""
	if u.times.job != nil {
		u.runEnded(&exit, problem)
		return
	}
	if u.state == Stopping {
		u.endedOnRequest(&exit, healthy, problem)
		return
	}
	u.endedByItself(&exit, healthy)
}

func (u *Unit) endedOnRequest(exit *shim.Exit, healthy time.Duration, problem string) {
	switch u.after {
	case thenStop:
		u.enter(Stopped, "")
		u.started(u.startError("it was stopped", exit, nil))
		u.stopped()
	case thenFail:
		u.enter(Failed, problem)
		u.started(u.startError(problem, exit, nil))
		u.stopped()
	case thenRestart:
		u.again(healthy, problem)
	case thenReplace:
		u.stopped() // of somebody who stopped it before
		u.start()
	}
}

func (u *Unit) endedByItself(exit *shim.Exit, healthy time.Duration) {
	switch {
	case exit.Known && exit.Signal == 0 && slices.Contains(u.spec.SuccessCodes, exit.Code):
		u.enter(Finished, "")
		u.started(nil)
	case u.firstRun:
		reason := exit.String() + " before it was ready"
		if exit.Memory > 0 {
			reason = exit.String() + ", and it was not ready yet"
		}
		u.enter(Failed, reason)
		u.started(u.startError(reason, exit, nil))
	default:
		u.again(healthy, exit.String())
	}
}

// again restarts a unit that has ended against our will, sooner or later.
func (u *Unit) again(healthy time.Duration, problem string) {
	u.restarts++
	if len(u.s.needs.missing(u.spec.Needs)) > 0 {
		u.await()
		return
	}
	now := u.s.clock.Now()
	d := u.policy.ended(now, healthy, u.spec.Restart.Max, u.s.random())
	if d.giveUp {
		u.giveUp(problem)
		return
	}
	u.retryAt = now.Add(d.pause) // before the news: who hears of the pause may let time pass
	if d.loop {
		u.enter(CrashLoop, problem)
	} else {
		u.enter(Backoff, problem)
	}
}

// giveUp leaves a unit whose end is not followed by a restart any more.
func (u *Unit) giveUp(problem string) {
	u.restarts--
	u.enter(Failed, problem)
}
