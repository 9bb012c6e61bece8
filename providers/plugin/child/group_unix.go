//go:build unix

package child

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the process the first of a new group.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends all processes of the group of pid.
func killGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }
