//go:build unix

package check

import (
	"os"
	"os/exec"
	"syscall"
)

// isolate gives the command a process group, so that it can be killed with its children, and its user. An agent that
// is not root has one user only; naming it is no change of user.
func isolate(cmd *exec.Cmd, uid, gid uint32) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if uid != 0 && int(uid) != os.Geteuid() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
