package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
)

var (
	// ErrNotScheduled says that a process has no schedule.
	ErrNotScheduled = errors.New("it does not run by a schedule")
	// ErrUnderWay says that a run was asked for while another goes on.
	ErrUnderWay = errors.New("it runs already")
)

const (
	// lateAfter is how late a run may begin and still count as one in time. A machine that slept is later.
	lateAfter = time.Minute
	// lookAgain bounds how long a clock is trusted: somebody may set it, or let the machine sleep.
	lookAgain = time.Minute
)

// timetable is the part of a unit that runs by a schedule. It belongs to the unit's goroutine.
type timetable struct {
	ledger ledger
	dueAt  time.Time // zero if nothing is to come
	endBy  time.Time // of the run under way; zero if it may take its time
	job    *job      // waits or runs
	queued *job

	asides map[int]aside // runs in units of their own, by number
	last   int           // the highest number of a run
}

// A job is a run with those who wait for its end.
type job struct {
	Run
	ended []chan<- Run
}

// tell says how the run ended.
func (j *job) tell(run Run) {
	for _, c := range j.ended {
		c <- run
	}
}

// deadlines are the times at which the unit has to look.
func (t *timetable) deadlines(now time.Time) [2]time.Time {
	due := t.dueAt
	if soon := now.Add(lookAgain); due.After(soon) {
		due = soon
	}
	return [2]time.Time{due, t.endBy}
}

// keep begins to keep the times from now on.
func (u *Unit) keepTimes() {
	now := u.s.clock.Now()
	l, err := readLedger(u.s.disk, u.dir)
	if err != nil {
		u.note(err.Error()) // what it was is lost, and that is no reason not to run
	}
	l.Kept, l.Run = now, nil // what was missed before is not made up for
	if err := l.write(u.s.disk, u.dir); err != nil {
		u.notStarted(err)
		return
	}
	u.times.ledger = l
	u.times.dueAt = u.spec.Schedule.Next(now)
	u.rest("")
}

// catchUp goes on after a time in which nobody kept the times; nothing runs.
func (u *Unit) catchUp() {
	if u.over != nil { // it is there for one run
		u.endForgotten()
		return
	}
	now := u.s.clock.Now()
	l, err := readLedger(u.s.disk, u.dir)
	if err != nil || l.Kept.IsZero() {
		u.keepTimes()
		return
	}
	u.takeLedger(l)
	u.endForgotten()
	u.times.dueAt = u.spec.Schedule.Next(now)
	missed := lastBetween(u.spec.Schedule, u.times.ledger.Kept, now)
	switch {
	case missed.IsZero():
		u.rest("")
	case u.spec.Schedule.CatchUp || now.Sub(missed) <= lateAfter:
		u.rest("")
		u.want(&job{Run: Run{Due: missed}})
	default:
		u.leaveOut(&job{Run: Run{Due: missed}}, "nobody was there to start it")
		u.rest("")
	}
}

// takeLedger takes over what is remembered. Runs in units of their own may have answered later times.
func (u *Unit) takeLedger(l ledger) {
	kept := u.times.ledger.Kept
	u.times.ledger = l
	u.keepUpTo(kept)
}

// endForgotten settles a run that was under way when the supervisor before this one ended.
func (u *Unit) endForgotten() {
	run := u.times.ledger.Run
	if run == nil {
		return
	}
	over := *run
	found, err := shim.Find(u.dir)
	if err == nil && found.State == shim.Finished && !found.Exit.Time.Before(run.Began) {
		over = run.judge(&found.Exit, u.success(&found.Exit))
	} else {
		over.Ended, over.Outcome, over.Reason = u.s.clock.Now(), Lost, "nobody saw its end"
	}
	u.times.job = &job{Run: *run}
	u.closeRun(over)
	if u.over != nil {
		u.next(over)
	}
}

// mostMissed bounds how many times are looked at for the last one that was missed.
const mostMissed = 100_000

// lastBetween is the last time of the schedule after from and not after to; zero if there is none.
func lastBetween(s *Schedule, from, to time.Time) (last time.Time) {
	for range mostMissed {
		next := s.Next(from)
		if next.IsZero() || next.After(to) {
			return last
		}
		last, from = next, next
	}
	return last
}

// rest waits for the next time.
func (u *Unit) rest(problem string) {
	u.times.endBy = time.Time{}
	switch {
	case u.over == nil:
		u.enter(Scheduled, problem)
	case problem == "":
		u.enter(Finished, "")
	default:
		u.enter(Failed, problem)
	}
	u.started(nil)
}

// lookAtClock takes up a time that lies before the one that is waited for: the clock was set back.
func (u *Unit) lookAtClock(now time.Time) {
	t := &u.times
	if t.dueAt.IsZero() || !t.dueAt.After(now) {
		return
	}
	if next := u.spec.Schedule.Next(now); !next.IsZero() && next.Before(t.dueAt) {
		t.dueAt = next
		u.showTimes()
	}
}

// due follows a time of the schedule.
func (u *Unit) due(at, now time.Time) {
	if u.times.dueAt = u.spec.Schedule.Next(at); !u.times.dueAt.After(now) {
		u.times.dueAt = u.spec.Schedule.Next(now)
	}
	j := &job{Run: Run{Due: at}}
	if now.Sub(at) > lateAfter && !u.spec.Schedule.CatchUp {
		u.leaveOut(j, "the machine was asleep, or its clock was set")
		u.showTimes()
		return
	}
	u.want(j)
}

// want begins a run, unless another is in the way.
func (u *Unit) want(j *job) {
	switch {
	case u.spec.Schedule.Overlap == Allow && u.full():
		u.leaveOut(j, u.tooMany())
		u.showTimes()
	case u.spec.Schedule.Overlap == Allow:
		u.beginAside(j)
	case u.underWay() == 0:
		u.beginRun(j)
	case u.spec.Schedule.Overlap == Replace && u.process != nil:
		u.requeue(j, "a later run took its place")
		u.terminate(thenRun, "the next run is due")
	case u.spec.Schedule.Overlap == Queue && u.times.queued == nil:
		u.times.queued = j
		u.showTimes()
	default:
		u.leaveOut(j, "the run before has not ended")
		u.showTimes()
	}
}

// requeue lets j be the run that follows.
func (u *Unit) requeue(j *job, reason string) {
	if old := u.times.queued; old != nil {
		u.leaveOut(old, reason)
	}
	u.times.queued = j
}

// beginRun notes the run and starts it, as soon as its needs are there.
func (u *Unit) beginRun(j *job) {
	j.Began = u.s.clock.Now()
	u.times.job = j
	u.times.ledger.Run = &j.Run
	u.keepUpTo(j.Due)
	if err := u.times.ledger.write(u.s.disk, u.dir); err != nil {
		u.endRunWith(Broke, err.Error())
		return
	}
	u.await()
}

// running follows the start of the process, or its adoption.
func (u *Unit) running() {
	if u.times.job == nil { // nobody noted it: it is older than the ledger
		u.times.job = &job{Run: Run{Began: u.s.clock.Now()}}
	}
	if t := u.spec.Schedule.Timeout; t > 0 {
		u.times.endBy = u.times.job.Began.Add(t)
	}
	u.enter(Running, "")
	u.started(nil)
}

// adoptRun takes over a run that an earlier supervisor has begun.
func (u *Unit) adoptRun() {
	if l, err := readLedger(u.s.disk, u.dir); err == nil && u.over == nil {
		u.takeLedger(l)
	}
	if run := u.times.ledger.Run; run != nil {
		u.times.job = &job{Run: *run}
	}
	u.times.dueAt = u.spec.Schedule.Next(u.s.clock.Now())
	u.running()
}

// runEnded follows the end of the process of a run.
func (u *Unit) runEnded(exit *shim.Exit, problem string) {
	run := u.times.job.judge(exit, u.success(exit))
	if u.state == Stopping {
		switch u.after {
		case thenExpire:
			run.Outcome, run.Reason = OutOfTime, problem
		default:
			run.Outcome, run.Reason = Cancelled, cmp.Or(problem, "it was stopped")
		}
	}
	defer u.closeRun(run).tell(run)
	switch {
	case u.state == Stopping && (u.after == thenStop || u.after == thenReplace):
		u.halted()
	default:
		u.next(run)
	}
}

// halted follows the end of a run after which the unit is to stop, or to begin anew. It is not yet if others go on.
func (u *Unit) halted() {
	switch {
	case u.underWay() > 0:
	case u.after == thenReplace:
		u.stopped()
		u.start()
	default:
		u.enter(Stopped, "")
		u.stopped()
	}
}

// next follows a run that has ended, or that could not be.
func (u *Unit) next(run Run) {
	if j := u.times.queued; j != nil && u.underWay() == 0 {
		u.times.queued = nil
		u.beginRun(j)
		return
	}
	problem := ""
	if run.Outcome != Succeeded {
		problem = run.Reason
	}
	u.rest(problem)
}

// endRunWith ends a run whose process never was.
func (u *Unit) endRunWith(o Outcome, reason string) {
	run := u.times.job.Run
	run.Ended, run.Outcome, run.Reason = u.s.clock.Now(), o, reason
	defer u.closeRun(run).tell(run)
	u.next(run)
}

// closeRun notes the end of the run under way. Those who wait are to be told when the unit has gone on.
func (u *Unit) closeRun(run Run) *job {
	j := u.times.job
	u.times.job, u.times.endBy = nil, time.Time{}
	u.times.ledger.end(run)
	u.saveTimes()
	if u.over != nil {
		u.over(run)
	}
	return j
}

// leaveOut notes a run that will not be.
func (u *Unit) leaveOut(j *job, reason string) {
	run := j.Run
	run.Ended, run.Outcome, run.Reason = u.s.clock.Now(), Skipped, reason
	u.remember(run)
	j.tell(run)
}

// dropTimes ends the keeping of times: the unit is stopped.
func (u *Unit) dropTimes() {
	u.times.dueAt = time.Time{}
	if j := u.times.queued; j != nil {
		u.times.queued = nil
		u.leaveOut(j, "it was stopped")
	}
	if u.times.job != nil && u.process == nil { // it waits for its needs
		run := u.times.job.Run
		run.Ended, run.Outcome, run.Reason = u.s.clock.Now(), Cancelled, "it was stopped"
		u.closeRun(run).tell(run)
	}
}

// changeTimes takes over another spec of a scheduled unit. A run that is under way ends as it began.
func (u *Unit) changeTimes(spec Spec, c chan error) {
	u.takeOver(spec)
	switch u.state {
	case Stopped, Failed, Finished:
		u.starters = append(u.starters, c)
		u.start()
		return
	case Stopping:
		if u.after == thenStop {
			u.starters = append(u.starters, c)
			u.after = thenReplace
			return
		}
	}
	u.times.dueAt = spec.Schedule.Next(u.s.clock.Now())
	u.showTimes()
	c <- nil
}

// saveTimes writes the ledger; what cannot be written is shown, and known until the supervisor ends.
func (u *Unit) saveTimes() {
	if err := u.times.ledger.write(u.s.disk, u.dir); err != nil {
		u.note(err.Error())
	}
}

// showTimes brings the status up to date without a change of state.
func (u *Unit) showTimes() {
	u.mu.Lock()
	u.setTimes()
	u.mu.Unlock()
}

// setTimes is called with the lock held.
func (u *Unit) setTimes() {
	u.status.Next, u.status.Last = u.times.dueAt, u.times.ledger.last()
}

// success reports whether the process ended as it should.
func (u *Unit) success(exit *shim.Exit) bool {
	if len(u.spec.SuccessCodes) == 0 {
		return exit.Success()
	}
	return exit.Known && exit.Signal == 0 && slices.Contains(u.spec.SuccessCodes, exit.Code)
}

// RunNow lets a scheduled process run now, whatever its schedule says, and returns how that ended. When ctx ends first the
// run goes on. It fails with ErrNotScheduled, and with ErrUnderWay where a second run is left out.
func (s *Supervisor) RunNow(ctx context.Context, address string) (Run, error) {
	u, err := s.unit(address)
	if err != nil {
		return Run{}, err
	}
	ended := make(chan Run, 1)
	refused := make(chan error, 1)
	err = u.do(ctx, func() { refused <- u.runNow(ended) })
	if err == nil {
		err = <-refused
	}
	if err != nil {
		return Run{}, err
	}
	select {
	case run := <-ended:
		return run, nil
	case <-ctx.Done():
		return Run{}, context.Cause(ctx)
	case <-s.closed:
		return Run{}, ErrClosed
	}
}

func (u *Unit) runNow(ended chan<- Run) error {
	switch {
	case u.spec.Schedule == nil || u.over != nil:
		return ErrNotScheduled
	case u.state == Stopped || u.state == Stopping:
		return errors.New("it is stopped; start it first")
	case u.blind > 0:
		return fmt.Errorf("nobody knows whether it runs: %s", u.snapshot().LastError)
	case u.spec.Schedule.Overlap == Skip && u.underWay() > 0:
		return ErrUnderWay
	case u.spec.Schedule.Overlap == Allow && u.full():
		return fmt.Errorf("%w: %s", ErrUnderWay, u.tooMany())
	}
	u.want(&job{ended: []chan<- Run{ended}})
	return nil
}

// Runs returns the last runs of a scheduled process, the oldest first, with the one that is under way. It fails with
// ErrNotScheduled.
func (s *Supervisor) Runs(ctx context.Context, address string) ([]Run, error) {
	u, err := s.unit(address)
	if err != nil {
		return nil, err
	}
	answer := make(chan []Run, 1)
	err = u.do(ctx, func() {
		if u.spec.Schedule == nil || u.over != nil {
			answer <- nil
			return
		}
		runs := append([]Run{}, u.times.ledger.Runs...)
		for _, number := range slices.Sorted(maps.Keys(u.times.asides)) {
			runs = append(runs, u.times.asides[number].run)
		}
		if u.times.job != nil {
			runs = append(runs, u.times.job.Run)
		}
		answer <- runs
	})
	if err != nil {
		return nil, err
	}
	if runs := <-answer; runs != nil {
		return runs, nil
	}
	return nil, ErrNotScheduled
}
