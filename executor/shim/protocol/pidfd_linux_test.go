package protocol

import (
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The status is known while the process waits to be reaped, on any kernel.
func TestExitOfUnreaped(t *testing.T) {
	for script, want := range map[string]string{"exit 3": "exit status 3", "kill -9 $$": "signal: killed"} {
		c := exec.Command("/bin/sh", "-c", script)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		pid := c.Process.Pid
		start, err := StartTimeUnreaped(pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
			t.Fatal(err)
		}
		if exit, ok := zombieExit(pid, start); !ok || exit.String() != want {
			t.Errorf("%s: %v, %v", script, exit, ok)
		}
		if _, ok := zombieExit(pid, start+1); ok {
			t.Error("told of another process")
		}
		_ = c.Wait()
		if _, ok := zombieExit(pid, start); ok {
			t.Error("told of a process that was reaped")
		}
	}
}

// A user who may not know the status is not told that it is 0.
func TestExitOfForeign(t *testing.T) {
	if syscall.Getuid() != 0 {
		t.Skip("becoming another user needs root")
	}
	c := exec.Command("/bin/sh", "-c", "exit 3")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Wait() }()
	start, err := StartTimeUnreaped(c.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Waitid(unix.P_PID, c.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Seteuid(65534); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Seteuid(0) }()
	if exit, ok := zombieExit(c.Process.Pid, start); ok {
		t.Errorf("told of %v", exit)
	}
}
