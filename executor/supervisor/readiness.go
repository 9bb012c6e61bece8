package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
)

// readinessFile lies in the directory of a unit with checks and tells what they said last of the process that runs there, so
// that the next supervisor does not take one that hangs for one that is starting:
//
//	<boot id> <PID> <start time> ready
//
// or unready, with spaces up to readinessSize. It is true of that process alone, and need not survive a power cut, which no
// process does. It is not there, or about an earlier process, until the one that runs is ready for the first time.
const readinessFile = "readiness"

// readinessSize is fixed: nothing needs to be cut off, which costs a flush on some file systems.
const readinessSize = 96

// noteReadiness keeps what the checks say. It is no failure that this cannot be done: the process is then given more time by
// the next supervisor.
func (u *Unit) noteReadiness(state State) {
	if u.spec.Startup.Probe == nil || state != Ready && state != Unready {
		return
	}
	line, err := u.readinessLine(state)
	if err != nil {
		return
	}
	f, err := os.OpenFile(u.readinessFile(), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	_, _ = f.WriteAt([]byte(line), 0)
	_ = f.Close()
}

// knownReadiness is Ready or Unready as was noted of the process, and Starting if nothing was.
func (u *Unit) knownReadiness() State {
	noted, err := os.ReadFile(u.readinessFile())
	if err != nil {
		return Starting
	}
	for _, state := range []State{Ready, Unready} {
		if line, err := u.readinessLine(state); err == nil && line == string(noted) {
			return state
		}
	}
	return Starting
}

func (u *Unit) readinessLine(state State) (string, error) {
	identity, err := u.process.Identity()
	return fmt.Sprintf("%-*s\n", readinessSize-1, identity+" "+state.String()), err
}

func (u *Unit) readinessFile() string { return filepath.Join(u.dir, readinessFile) }
