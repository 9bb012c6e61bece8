package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// readinessFile lies in the directory of a unit and tells what its checks said last of the process that runs there, so that
// the next supervisor does not take one that hangs for one that is starting, and knows since when:
//
//	<boot id> <PID> <start time> ready <nanoseconds since 1970> <restarts>
//
// or unready, with spaces up to readinessSize. It is true of that process alone, and need not survive a power cut, which no
// process does. It is not there, or about an earlier process, until the one that runs is ready for the first time.
const readinessFile = "readiness"

// readinessSize is fixed: nothing needs to be cut off, which costs a flush on some file systems.
const readinessSize = 128

// known is what the file says of a process.
type known struct {
	state    State // Ready or Unready
	since    time.Time
	restarts int
}

// noteReadiness keeps what the checks say. It is no failure that this cannot be done: the process is then given more time by
// the next supervisor.
func (u *Unit) noteReadiness(state State) {
	if state != Ready && state != Unready {
		return
	}
	identity, err := u.process.Identity()
	if err != nil {
		return
	}
	f, err := os.OpenFile(u.readinessFile(), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	line := fmt.Sprint(identity, " ", state, " ", u.status.Since.UnixNano(), " ", u.restarts)
	_, _ = f.WriteAt(fmt.Appendf(nil, "%-*s\n", readinessSize-1, line), 0)
	_ = f.Close()
}

// recall returns what was noted of the process; ok is false if nothing was.
func (u *Unit) recall() (k known, ok bool) {
	noted, err := os.ReadFile(u.readinessFile())
	if err != nil || len(noted) != readinessSize {
		return known{}, false
	}
	identity, err := u.process.Identity()
	rest, same := strings.CutPrefix(string(noted), identity+" ")
	if err != nil || !same {
		return known{}, false
	}
	var word string
	var since int64
	if n, err := fmt.Sscan(rest, &word, &since, &k.restarts); n != 3 || err != nil {
		return known{}, false
	}
	k.since = time.Unix(0, since)
	for _, k.state = range []State{Ready, Unready} {
		if word == k.state.String() {
			return k, true
		}
	}
	return known{}, false
}

// resume takes up what is known of a process that was adopted: it has not become what it is just now.
func (u *Unit) resume(k known) {
	u.restarts = k.restarts
	if k.state == Ready {
		u.becomeReady(k.since)
	} else {
		u.becomeUnready("its check failed before this agent began", k.since)
	}
	u.checkNow()
}

func (u *Unit) readinessFile() string { return filepath.Join(u.dir, readinessFile) }
