package child

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// Record is what is kept in a file of a program that runs, so that whoever comes after us finds it when we are killed.
type Record struct {
	PID     int    `json:"pid"`
	Started uint64 `json:"started"` // when the process began, as startOf tells; with the PID it names one process only
	Sockets string `json:"sockets"` // the directory of its socket
	Socket  string `json:"socket"`
}

// Note writes the record of a child to a file. One that cannot be recorded is as good: it is only not found again.
func (c *Child) Note(file string) {
	r := Record{PID: c.process.cmd.Process.Pid, Sockets: c.process.sockets, Socket: c.process.socket}
	if r.Started = startOf(r.PID); r.Started == 0 || r.Socket == "" {
		return
	}
	text, err := json.Marshal(r)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o700)
	}
	if err == nil {
		_ = os.WriteFile(file, text, 0o600)
	}
}

// Noted reads a record; ok reports that its process still runs.
func Noted(file string) (r Record, ok bool) {
	text, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(text, &r) != nil || r.PID <= 1 {
		return r, false
	}
	return r, r.Runs()
}

// Runs reports whether the process runs, and is no other of the same number.
func (r Record) Runs() bool { return r.Started != 0 && startOf(r.PID) == r.Started }

// Kill ends the process and what is in its group, if it still runs.
func (r Record) Kill() {
	if r.Runs() {
		_ = killGroup(r.PID) // it may have ended just now
	}
}

// Clean removes what the process has left of its socket.
func (r Record) Clean() { _ = os.RemoveAll(r.Sockets) }
