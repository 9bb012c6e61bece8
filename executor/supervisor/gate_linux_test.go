package supervisor_test

import (
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/supervisor"
)

func TestGateHoldsUntilWoken(t *testing.T) {
	f := newFixture(t, options())
	var open atomic.Bool
	spec := f.sh("app", `echo "$ROLE" > `+f.path("role")+`; exec sleep 1000`)
	spec.Gate = func() ([]string, bool, error) { return []string{"ROLE=primary"}, open.Load(), nil }
	f.must(f.Start(t.Context(), spec))
	if s, _ := f.Status(spec.Address); s.State != supervisor.Standby || s.PID != 0 || !s.Gone || !s.Ready {
		t.Fatalf("while the gate is closed: %+v", s)
	}
	f.Wake(spec.Address)
	f.must(f.Settle(t.Context()))
	open.Store(true)
	f.Wake(spec.Address)
	s := f.wait("app", supervisor.Ready)
	if got, err := os.ReadFile(f.path("role")); err != nil || strings.TrimSpace(string(got)) != "primary" {
		t.Fatalf("it found %q (%v)", got, err)
	}
	open.Store(false)
	f.Fence(t.Context(), spec.Address, s.PID+1, true, "another one") // of a process that is no more
	f.Fence(t.Context(), spec.Address, s.PID, false, "another one")
	if s := f.wait("app", supervisor.Standby); s.Restarts != 0 {
		t.Fatalf("being asked to end counts as a restart: %+v", s)
	}
}

func TestFenceKillsWhatIgnoresItsSignal(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app", `[ -e up ] || trap '' TERM; touch up; while :; do sleep 1; done`)
	spec.Stop.Grace = time.Hour
	spec.Startup.Probe = file(f.path("up"))
	f.must(f.Start(t.Context(), spec))
	before, _ := f.Status(spec.Address)
	f.Fence(t.Context(), spec.Address, before.PID, true, "it hangs")
	for {
		if s := f.wait("app", supervisor.Ready, supervisor.Starting); s.PID != before.PID {
			break
		}
	}
}
