package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What earlier agents have said is not why this one does not start.
func TestStarterHears(t *testing.T) {
	log := filepath.Join(t.TempDir(), "agent.log")
	before := "╷\n│ Error: Another agent is running for /h (process 1)\n╵\nstack a has an interrupted run\n"
	killed := exec.Command("/bin/sh", "-c", "kill -9 $$").Run()
	failed := exec.Command("/bin/sh", "-c", "exit 1").Run()
	for _, c := range []struct {
		err  error
		now  string
		want string // "" for none
	}{
		{nil, "", ""},
		{killed, "", "the agent does not start: signal: killed"},
		{killed, "stack a has an interrupted run\n", "the agent does not start: signal: killed"},
		{failed, "", "the agent does not start: exit status 1"},
		{failed, "╷\n│ Error: the disk is full\n╵\n", "the agent does not start: the disk is full"},
		{failed, before, ""},
	} {
		if err := os.WriteFile(log, []byte(before+c.now), 0o600); err != nil {
			t.Fatal(err)
		}
		var s starter
		s.heard(c.err, log, int64(len(before)))
		got := ""
		if err := s.failed(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%v, %q: got %q", c.err, c.now, got)
		}
	}
}
