//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// detach makes the command a session of its own: it stays when the terminal goes.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
