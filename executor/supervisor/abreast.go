package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
)

// Where runs of a schedule may overlap, each is a unit of its own: one without times, which is there for that run and
// forgotten when it is over. Runs are counted from 1; the address of run 7 is that of the schedule and ".7", its directory
// is runs/7 in that of the schedule, with a ledger, a log and an exit status like that of any other unit.
//
//  1. Before the process of a run, the ledger in its directory is written: that answers the time of the schedule.
//  2. After its end it is added to the ledger of the schedule, which has the history. The directory stays as long as the
//     run is remembered there.
//  3. After a kill, what has a directory and is not in the history is taken over: a process that lives is adopted, and of
//     one that has ended meanwhile the end is noted. A number is never given twice.
const runsDir = "runs"

// runLog bounds the log of one run, since those of keptRuns are kept.
var runLog = shim.Log{MaxBytes: 1 << 20, Files: 2}

// aside is a run that goes on in a unit of its own.
type aside struct {
	unit *Unit
	run  Run
}

// underWay is how many runs go on.
func (u *Unit) underWay() int {
	if u.times.job != nil {
		return len(u.times.asides) + 1
	}
	return len(u.times.asides)
}

// full reports whether as many runs go on as may.
func (u *Unit) full() bool { return u.underWay() >= u.spec.Schedule.MaxRuns }

// tooMany is why a run is left out.
func (u *Unit) tooMany() string {
	return fmt.Sprintf("%d runs go on, and no more may at a time", u.underWay())
}

// beginAside starts a run in a unit of its own.
func (u *Unit) beginAside(j *job) {
	j.Number = u.times.last + 1
	run := j.Run
	run.Began = u.s.clock.Now()
	err := u.putAside(run, func(a *Unit) { a.beginRun(j) })
	switch {
	case errors.Is(err, ErrClosed): // the next supervisor sees to it
		return
	case err != nil:
		run.Ended, run.Outcome, run.Reason = run.Began, Broke, err.Error()
		u.remember(run)
		j.tell(run)
	}
	u.keepUpTo(run.Due)
	u.showTimes()
}

// putAside makes the unit of a run and lets it begin, in its own goroutine.
func (u *Unit) putAside(run Run, begin func(*Unit)) error {
	u.times.last = max(u.times.last, run.Number)
	a, err := u.s.add(u.specAside(run.Number))
	if err != nil {
		return err
	}
	if u.times.asides == nil {
		u.times.asides = map[int]aside{}
	}
	u.times.asides[run.Number] = aside{a, run}
	return a.do(context.Background(), func() {
		a.over = func(run Run) { u.asideOver(a, run) }
		begin(a)
	})
}

// specAside is that of the unit of a run.
func (u *Unit) specAside(number int) Spec {
	spec := u.spec
	spec.Address += "." + strconv.Itoa(number)
	spec.Dir = u.dirAside(number)
	spec.Waits, spec.Order, spec.Log = false, "", runLog
	spec.Schedule = &Schedule{Next: noTime, Timeout: u.spec.Schedule.Timeout, number: number}
	if groups := u.spec.Schedule.Cgroups; groups != nil {
		spec.Cgroups = groups(spec.Address, spec.Dir)
	}
	return spec
}

func (u *Unit) dirAside(number int) string { return RunDir(u.dir, number) }

// RunDir is where the run with that number has its log, if runs of the schedule in dir may overlap.
func RunDir(dir string, number int) string { return filepath.Join(dir, runsDir, strconv.Itoa(number)) }

func noTime(time.Time) time.Time { return time.Time{} }

// asideOver follows the end of a run, in the goroutine of its unit: that is first forgotten, then the schedule is told.
func (u *Unit) asideOver(a *Unit, run Run) {
	u.s.loops.Go(func() {
		if err := u.s.forget(context.Background(), a, false); err != nil && run.Reason == "" {
			run.Reason = err.Error()
		}
		_ = u.do(context.Background(), func() { u.takeIn(run) }) // without the schedule nobody asks for it
	})
}

// takeIn notes a run in a unit of its own that is over.
func (u *Unit) takeIn(run Run) {
	delete(u.times.asides, run.Number)
	u.remember(run)
	switch {
	case u.state == Stopping:
		u.halted()
	case u.state == Scheduled && len(u.times.asides) == 0:
		u.next(run)
	default:
		u.showTimes()
	}
}

// remember adds to the history, and removes the directories of what falls out of it.
func (u *Unit) remember(run Run) {
	u.keepUpTo(run.Due)
	gone := u.times.ledger.add(run)
	u.saveTimes()
	for _, old := range gone {
		if old.Number == 0 {
			continue
		}
		if err := os.RemoveAll(u.dirAside(old.Number)); err != nil {
			u.note("cannot remove the log of an old run: " + err.Error())
		}
	}
}

// takeAsides takes over the runs of an earlier supervisor that are not in the history. It is the first that a scheduled
// unit does.
func (u *Unit) takeAsides() {
	entries, err := os.ReadDir(filepath.Join(u.dir, runsDir))
	if err != nil {
		return // mostly there are none
	}
	history, err := readLedger(u.s.disk, u.dir)
	if err != nil {
		u.note(err.Error())
	}
	u.times.ledger = history
	for _, entry := range entries {
		number, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		u.times.last = max(u.times.last, number)
		if !slices.ContainsFunc(history.Runs, func(r Run) bool { return r.Number == number }) {
			u.takeAside(number)
		}
	}
}

// takeAside goes on with the run of that number, or notes its end.
func (u *Unit) takeAside(number int) {
	l, err := readLedger(u.s.disk, u.dirAside(number))
	switch {
	case err != nil: // when it began is lost; it may run all the same
		l.Run = &Run{}
	case l.Run == nil && l.last() == nil: // made, and then killed
		_ = os.RemoveAll(u.dirAside(number))
		return
	case l.Run == nil:
		run := *l.last()
		u.remember(run)
		return
	}
	run := *l.Run
	run.Number = number
	u.keepUpTo(run.Due)
	if err := u.putAside(run, func(a *Unit) {
		a.times.ledger = ledger{Kept: run.Due, Run: &run}
		a.lookAgain()
	}); err != nil {
		u.note(err.Error())
	}
}

// keepUpTo notes that a time of the schedule was seen to.
func (u *Unit) keepUpTo(due time.Time) {
	if due.After(u.times.ledger.Kept) {
		u.times.ledger.Kept = due
	}
}

// stayStopped follows the finding that nothing of a paused unit runs, but for runs in units of their own: the supervisor before
// this one was killed while it stopped those.
func (u *Unit) stayStopped() {
	if len(u.times.asides) > 0 {
		u.haltAsides()
		return
	}
	u.enter(Stopped, "")
}

// haltAsides stops a unit of which only runs in units of their own go on.
func (u *Unit) haltAsides() {
	u.after = thenStop
	u.enter(Stopping, "")
	u.stopAsides()
}

// stopAsides asks all runs in units of their own to end; takeIn hears of it.
func (u *Unit) stopAsides() {
	for _, a := range u.times.asides {
		u.s.loops.Go(func() {
			err := a.unit.stopAndWait(context.Background())
			if err != nil && !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrClosed) {
				_ = u.do(context.Background(), func() { u.notStopped(err) })
			}
		})
	}
}

// notStopped follows a run that cannot be stopped: the schedule is kept again.
func (u *Unit) notStopped(err error) {
	if u.state != Stopping {
		return
	}
	for _, c := range u.stoppers {
		c <- fmt.Errorf("cannot stop %s: %w", u.spec.Address, err)
	}
	u.stoppers = nil
	u.times.dueAt = u.spec.Schedule.Next(u.s.clock.Now())
	u.enter(Scheduled, err.Error())
}
