package supervisor_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/shim/protocol"
	"github.com/nsynapse/recipe/executor/supervisor"
)

// booted is the same place under a new supervisor, which has booted.
func (f *fixture) booted(specs ...supervisor.Spec) *fixture {
	f.Helper()
	g := f.again()
	f.Cleanup(g.Close)
	g.must(g.Boot(f.Context(), specs))
	return g
}

// remove ends the processes before their directory goes.
func (f *fixture) remove(specs ...supervisor.Spec) {
	f.Helper()
	for _, spec := range specs {
		f.must(f.Remove(context.Background(), spec.Address))
	}
}

// A supervisor that was killed while it stopped a unit for the user has one after it that goes on with that.
func TestPauseIsCarriedOn(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "trap '' TERM; while :; do sleep 0.01; done")
	spec.Stop.Grace = time.Hour
	f.must(f.Start(t.Context(), spec))
	paused := make(chan error, 1)
	address := spec.Address
	go func(s *supervisor.Supervisor) { paused <- s.Pause(context.Background(), address) }(f.Supervisor)
	f.wait("app.a", supervisor.Stopping)
	spec.Stop.Grace = 10 * time.Millisecond
	f = f.booted(spec)
	if err := <-paused; err == nil {
		t.Error("the first one has stopped it")
	}
	f.must(f.Settle(t.Context()))
	f.wait("app.a", supervisor.Stopped)
	if marked := protocol.Marked(spec.Dir); len(marked) > 0 {
		t.Errorf("%v still run", marked)
	}
	f.must(f.Resume(t.Context(), spec.Address))
	f.remove(spec)
}

// The same where the app could not be looked at when the supervisor began.
func TestPauseIsCarriedOnLater(t *testing.T) {
	f, spec, pid := orphan(t)
	defer f.Close()
	f.must(os.WriteFile(spec.Dir+"/stopped", nil, 0o600))
	f.must(f.Boot(t.Context(), []supervisor.Spec{spec}))
	f.wait("app", supervisor.Backoff)
	f.repair()
	f.wait("app", supervisor.Stopped)
	if _, err := protocol.StartTime(pid); err == nil {
		t.Error("the app lives")
	}
	f.remove(spec)
}

// One that was restarted after it was stopped runs on under the next supervisor.
func TestRestartTakesBackPause(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "exec sleep 1000")
	f.must(f.Start(t.Context(), spec))
	f.must(f.Pause(t.Context(), spec.Address))
	f.must(f.Restart(t.Context(), spec.Address))
	pid := f.wait("app.a", supervisor.Ready).PID
	f = f.booted(spec)
	if s := f.wait("app.a", supervisor.Ready); s.PID != pid {
		t.Errorf("had process %d, got %+v", pid, s)
	}
	f.remove(spec)
}
