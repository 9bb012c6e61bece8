package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/providers/sdk"
)

// status is what systemd tells of a unit.
type status struct {
	load, active, sub, description string
	transient                      bool
	pid, restarts                  uint32
	result                         string    // "success", "exit-code", "signal", "oom-kill" …
	since                          time.Time // it is in this state
	code, exit                     int32     // how the main process ended last, as waitid(2) says: CLD_EXITED and its status
}

// status asks systemd for a unit. One that it does not know is absent.
func (m *manager) status(ctx context.Context, name string) (status, error) {
	conn, err := m.connected()
	if err != nil {
		return status{}, err
	}
	p, err := conn.GetAllPropertiesContext(ctx, name)
	if err != nil {
		return status{}, fmt.Errorf("systemd does not tell of the unit %s: %w", name, err)
	}
	s := status{load: text(p["LoadState"]), active: text(p["ActiveState"]), sub: text(p["SubState"]), description: text(p["Description"]), result: text(p["Result"])}
	s.since = instant(p["StateChangeTimestamp"])
	s.transient, _ = p["Transient"].(bool)
	s.pid, _ = p["MainPID"].(uint32)
	s.restarts, _ = p["NRestarts"].(uint32)
	s.code, _ = p["ExecMainCode"].(int32)
	s.exit, _ = p["ExecMainStatus"].(int32)
	return s, nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// absent reports whether there is no unit.
func (s status) absent() bool { return s.load == "not-found" }

// owned is nil if the unit is the one of id, and tells whose it seems to be otherwise.
func (s status) owned(id sdk.Identity) error {
	if s.transient && s.description == descriptionOf(id) {
		return nil
	}
	return fmt.Errorf("the unit %s is %q, and not one that was started for this process; it is left alone", nameOf(id), s.description)
}

// kept reports whether systemd keeps the process running, also between two starts.
func (s status) kept() bool {
	return s.active == "active" || s.active == "activating" || s.active == "reloading"
}

// starting reports whether the program is still to be executed.
func (s status) starting() bool { return s.active == "activating" && s.sub == "start" }

// ending reports whether something of it may still run, or run again.
func (s status) ending() bool { return !s.absent() && (s.kept() || s.active == "deactivating") }

// ended reports whether the process has come to its end since systemd had started it again so many times.
func (s status) ended(restarts uint32) bool {
	return s.restarts > restarts || s.sub == "auto-restart" || !s.kept()
}

// finished reports whether the process has done its work, by one of its success codes.
func (s status) finished() bool { return s.active == "active" && s.sub == "exited" }

// The ways in which a main process ends, as waitid(2) numbers them.
const (
	exited = 1
	dumped = 3
)

// cause says why the process has ended.
func (s status) cause(memory int64) string {
	switch {
	case s.result == "oom-kill":
		return shim.Exit{Known: true, Memory: memory, Signal: syscall.SIGKILL}.String()
	case s.code == exited && steps[s.exit] != "" && s.result != "success":
		return fmt.Sprintf("exit status %d, with which systemd says: %s", s.exit, steps[s.exit])
	case s.code == exited:
		return shim.Exit{Known: true, Code: int(s.exit)}.String()
	case s.code != 0 && s.code <= dumped:
		return shim.Exit{Known: true, Signal: syscall.Signal(s.exit)}.String()
	case s.restarts > 0:
		return "it has ended, and systemd has started it again"
	}
	return s.result
}

// steps are the exit statuses of systemd itself, before the program is executed; "Process Exit Codes" in systemd.exec(5).
var steps = map[int32]string{
	200: "cannot enter the working directory",
	203: "cannot execute the program",
	209: "cannot write to the log",
	216: "there is no such group",
	217: "there is no such user",
	226: "cannot keep the process to its files",
}
