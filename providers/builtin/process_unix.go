//go:build unix

package builtin

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"syscall"
)

// isolate gives a command a process group of its own and, from 0 on, another user and group.
func isolate(cmd *exec.Cmd, user, group int) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if user < 0 && group < 0 {
		return nil
	}
	if user < 0 {
		user = os.Getuid()
	}
	if group < 0 {
		group = os.Getgid()
	}
	if int64(user) > math.MaxUint32 || int64(group) > math.MaxUint32 {
		return fmt.Errorf("no such user: %d:%d", user, group)
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(user), Gid: uint32(group), NoSetGroups: os.Getuid() != 0}
	return nil
}

// killGroup kills all of the process group that leader began.
func killGroup(leader *os.Process) error {
	err := syscall.Kill(-leader.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
