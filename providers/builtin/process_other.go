//go:build !unix

package builtin

import (
	"errors"
	"os"
	"os/exec"
)

// isolate refuses another user: there are no numeric users here.
func isolate(_ *exec.Cmd, user, group int) error {
	if user >= 0 || group >= 0 {
		return errors.New("running a command as another user works on Unix only; leave out uid and gid")
	}
	return nil
}

// killGroup kills the process itself; there are no process groups here.
func killGroup(leader *os.Process) error { return leader.Kill() }
