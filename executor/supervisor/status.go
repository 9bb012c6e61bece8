package supervisor

import (
	"fmt"
	"slices"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
)

// State is where a unit is in its life; the picture is in the package's description.
type State uint8

const (
	Stopped   State = iota // on request
	Waiting                // for its needs
	Starting               // runs, not yet ready
	Ready                  // runs and does its work
	Unready                // runs, but its readiness check fails
	Backoff                // ended, will be restarted
	CrashLoop              // ended again and again, will be restarted
	Stopping               // asked to end
	Failed                 // ended for good, against our will
	Finished               // ended for good, with a success code
	Scheduled              // waits for the next time of its schedule
	Running                // runs because it was time
	Standby                // does not run; Spec.Gate lets it once it is needed
)

var stateNames = [...]string{
	"stopped", "waiting", "starting", "ready", "unready", "backoff", "crash-loop", "stopping", "failed", "finished",
	"scheduled", "running", "standby",
}

// String returns the state as the user reads it: "crash-loop".
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// StateNames lists all states as the user reads them.
func StateNames() []string { return slices.Clone(stateNames[:]) }

// settled reports whether nothing is going to happen that somebody is waiting for.
func (s State) settled() bool {
	switch s {
	case Waiting, Starting, Stopping:
		return false
	default:
		return true
	}
}

// Status is a unit at one moment.
type Status struct {
	Address   string
	Component string
	Dir       string // of the spec
	State     State
	PID       int        // 0 if it does not run
	Since     time.Time  // of the state
	Restarts  int        // since the unit is known to this supervisor, or to an earlier one whose process it has adopted
	LastExit  *shim.Exit // nil if it has not ended yet; not to be changed
	LastError string     // of the last failed start, check or wait; "" if the unit is well
	Ready     bool       // it does its work, has finished it, or stands by for it
	Assumed   bool       // its state is Ready, but its check could not tell, and has not passed since it was started
	Gone      bool       // certainly nothing of it runs
	Failing   bool       // it is stopped because a check failed, and not because somebody asked for it
	Next      time.Time  // when a scheduled one runs next; zero for others
	Run       int        // of a unit that is there for one run of a schedule: its number; 0 for others
	Last      *Run       // the last run of a scheduled one; nil if there was none; not to be changed
}

// A StartError says why a unit did not become ready. The unit does not run any more.
type StartError struct {
	Address string
	Reason  string     // "exit status 3 before it was ready"
	Exit    *shim.Exit // how the process ended; nil if it did not run
	Lines   []string   // the last lines of its output, oldest first
	Err     error      // what is behind it, if that is an error of its own
}

// Error says what failed and why, without the lines.
func (e *StartError) Error() string {
	text := "cannot start " + e.Address + ": " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the error behind it, or nil.
func (e *StartError) Unwrap() error { return e.Err }
