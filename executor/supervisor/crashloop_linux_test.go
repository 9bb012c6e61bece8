package supervisor

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
)

// program is this test binary as a shim. With the race detector it would sleep for a second before it ends.
func program() shim.Program {
	return shim.Program{"/usr/bin/env", "GORACE=atexit_sleep_ms=0", os.Args[0], "shim"}
}

// A real process ends again and again; only the clock is not real.
func TestCrashLoopPauses(t *testing.T) {
	clock := newManual()
	s := New(Options{Shim: program(), Clock: clock, Rand: func() float64 { return 0.5 }})
	defer s.Close()
	spec := Spec{
		Address: "a", Component: "a", Dir: filepath.Join(t.TempDir(), "a"), UID: -1, GID: -1,
		Command: []string{"/bin/sh", "-c", "echo broken; exit 3"},
	}
	if err := s.Boot(t.Context(), []Spec{spec}); err != nil {
		t.Fatal(err)
	}
	for i, pause := range []time.Duration{500e6, 1e9, 2e9, 4e9, 8e9, 16e9} {
		want := Backoff
		if i >= 3 {
			want = CrashLoop
		}
		status := until(t, s, i+2, want) // the first restart came at once
		if status.LastExit == nil || status.LastExit.Code != 3 || status.LastError != "exit status 3" {
			t.Fatalf("%+v", status)
		}
		clock.advance(pause - 1)
		if status, _ := s.Status("a"); status.State != want {
			t.Fatalf("restart %d came too early: %+v", i+2, status)
		}
		clock.advance(1)
	}
	if err := s.Remove(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
}

// until waits in real time for the process to have ended so many times.
func until(t *testing.T, s *Supervisor, ends int, state State) Status {
	t.Helper()
	var status Status
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		status, _ = s.Status("a")
		if status.Restarts == ends && status.State == state {
			return status
		}
	}
	t.Fatalf("%+v, want %d ends and %v", status, ends, state)
	return status
}
