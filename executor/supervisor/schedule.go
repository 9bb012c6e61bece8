package supervisor

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/disk/summed"
	"github.com/nsynapse/recipe/executor/shim"
)

// A Schedule lets the process of a unit run at times, instead of always: it is to end by itself.
type Schedule struct {
	Next    func(after time.Time) time.Time // the first time after that one; zero if there is none
	Overlap Overlap                         // what becomes of a run that is due while the one before goes on
	CatchUp bool                            // of the times that passed while nobody kept them, the last one is made up for
	Timeout time.Duration                   // after which a run is asked to end; 0 is never

	// MaxRuns bounds with Allow how many runs go on at a time; one that is due then is left out.
	MaxRuns int
	// Cgroups are with Allow the control groups of one run, which has an address and a directory of its own; nil for none.
	Cgroups func(address, dir string) []shim.Cgroup

	number int // of the one run that this is there for; 0 for all
}

// Overlap is what becomes of a run that is due while the one before still goes on.
type Overlap uint8

const (
	Skip    Overlap = iota // it is left out
	Queue                  // it follows; of several one
	Replace                // the one before is stopped for it
	Allow                  // both run
)

// An Outcome is how a run ended.
type Outcome string

const (
	Succeeded Outcome = "succeeded"
	Broke     Outcome = "failed"    // its exit status is no success code, or it could not be started
	Skipped   Outcome = "skipped"   // it never began
	Cancelled Outcome = "stopped"   // somebody stopped it, or another run took its place
	OutOfTime Outcome = "timed-out" // it took longer than it may
	Lost      Outcome = "lost"      // nobody saw its end: the machine went down
)

// A Run is one time that a scheduled process ran, or should have.
type Run struct {
	Number  int       `json:"number,omitempty"` // where runs may overlap: its address is that of the schedule and ".7"
	Due     time.Time `json:"due,omitzero"`     // the time of the schedule; zero if somebody asked for the run
	Began   time.Time `json:"began,omitzero"`   // zero if it never did
	Ended   time.Time `json:"ended,omitzero"`   // also of one that never began
	Outcome Outcome   `json:"outcome,omitempty"`
	Reason  string    `json:"reason,omitempty"` // "exit status 3", or why it was skipped
}

// keptRuns is how many runs are remembered.
const keptRuns = 50

// timesFile lies in the directory of a scheduled unit: the ledger, as summed.Write writes it. It is written before a run
// begins and after it has ended, so that each time of the schedule is answered by one run or by a reason.
const (
	timesFile = "times"
	timesKind = "recipe times 1"
)

// A ledger is what a scheduled unit remembers.
type ledger struct {
	Kept time.Time `json:"kept"`          // times up to here have been seen to
	Run  *Run      `json:"run,omitempty"` // under way
	Runs []Run     `json:"runs,omitempty"`
}

// readLedger returns an empty ledger where there is none.
func readLedger(fsys disk.FS, dir string) (ledger, error) {
	var l ledger
	err := summed.Read(fsys, filepath.Join(dir, timesFile), timesKind, &l)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ledger{}, fmt.Errorf("cannot read when it ran: %w", err)
	}
	return l, nil
}

func (l *ledger) write(fsys disk.FS, dir string) error {
	err := fsys.MkdirAll(dir, 0o700)
	if err == nil {
		err = summed.Write(fsys, filepath.Join(dir, timesFile), timesKind, l)
	}
	if err != nil {
		return fmt.Errorf("cannot note when it runs: %w", err)
	}
	return nil
}

// end takes in the run under way, which is over.
func (l *ledger) end(r Run) {
	l.Run = nil
	l.add(r)
}

// add takes in a run that is over, or never was, and returns those that are forgotten for it.
func (l *ledger) add(r Run) (gone []Run) {
	l.Runs = append(l.Runs, r)
	if more := len(l.Runs) - keptRuns; more > 0 {
		gone = l.Runs[:more]
		l.Runs = append([]Run(nil), l.Runs[more:]...)
	}
	return gone
}

// last is the latest run that is over, or nil.
func (l *ledger) last() *Run {
	if len(l.Runs) == 0 {
		return nil
	}
	last := l.Runs[len(l.Runs)-1]
	return &last
}

// judge completes a run by how its process ended.
func (r Run) judge(exit *shim.Exit, success bool) Run {
	r.Ended, r.Reason, r.Outcome = exit.Time, exit.String(), Broke
	if success {
		r.Outcome = Succeeded
	}
	return r
}
