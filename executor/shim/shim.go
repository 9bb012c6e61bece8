package shim

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// Spec is one app to run, and where.
type Spec = protocol.Spec

// Limit is one resource limit of the app.
type Limit = protocol.Limit

// Cgroup is one control group of the app.
type Cgroup = protocol.Cgroup

// Log bounds what is kept of the app's output.
type Log = protocol.Log

// Exit is how an app ended.
type Exit = protocol.Exit

// Program is the argv that runs a shim: the path of recipe-shim, or that of recipe and "shim".
type Program []string

// State is what Find sees in a unit's directory.
type State uint8

const (
	None     State = iota // nothing runs, and how the last run ended is not known
	Running               // a shim lives
	Finished              // the last run has ended
	Orphaned              // an app lives whose shim was killed
)

// String returns the state in lower case.
func (s State) String() string {
	switch s {
	case None:
		return "none"
	case Running:
		return "running"
	case Finished:
		return "finished"
	case Orphaned:
		return "orphaned"
	default:
		return fmt.Sprintf("State(%d)", uint8(s))
	}
}

// Found is the answer of Find.
type Found struct {
	State State
	PID   int  // of the app, if it runs; 0 if it is just being started
	Exit  Exit // if Finished
}

var (
	// ErrBusy says that the app runs already, or is being started by somebody else.
	ErrBusy = errors.New("the unit runs already")
	// ErrNotRunning says that there is nothing to adopt.
	ErrNotRunning = errors.New("the unit does not run")
	// ErrEnded says that a signal came too late.
	ErrEnded = errors.New("the process has ended")
)

// A StartError says why the shim could not start the app.
type StartError struct {
	What  string        // what could not be done: "execute /bin/app"
	Errno syscall.Errno // why; 0 if What says it all
}

// Error says what could not be done and why.
func (e *StartError) Error() string {
	if e.Errno == 0 {
		return "cannot " + e.What
	}
	return "cannot " + e.What + ": " + e.Errno.Error()
}

// Unwrap returns the number from the kernel, which is an fs.ErrNotExist, fs.ErrPermission and so on.
func (e *StartError) Unwrap() error {
	if e.Errno == 0 {
		return nil
	}
	return e.Errno
}
