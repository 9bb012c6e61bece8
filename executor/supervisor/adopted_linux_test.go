package supervisor_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/shim/protocol"
	"github.com/nsynapse/recipe/executor/supervisor"
)

// checked is a unit that is ready while the file "ready" is there, and may take its time until it is so first.
func (f *fixture) checked() supervisor.Spec {
	spec := f.sh("app.a", "exec sleep 1000")
	spec.StartTimeout = time.Hour
	spec.Readiness = supervisor.Check{Probe: file(f.path("ready")), Interval: 10 * time.Millisecond, FailureThreshold: 2}
	return spec
}

// booted is the same place under a new supervisor, which has booted.
func (f *fixture) booted(specs ...supervisor.Spec) *fixture {
	f.Helper()
	g := f.again()
	f.Cleanup(g.Close)
	g.must(g.Boot(f.Context(), specs))
	return g
}

// taken is the unit as it is when it was adopted.
func (f *fixture) taken() supervisor.Status {
	f.Helper()
	return f.wait("app.a", supervisor.Starting, supervisor.Ready, supervisor.Unready)
}

// remove ends the processes before their directory goes.
func (f *fixture) remove(specs ...supervisor.Spec) {
	f.Helper()
	for _, spec := range specs {
		f.must(f.Remove(context.Background(), spec.Address))
	}
}

// A process that was ready is ready to the next supervisor before it was checked, and has as many failures as ever; one
// that was unready is unready at once.
func TestAdoptedIsWhatItWas(t *testing.T) {
	f := newFixture(t, options())
	spec := f.checked()
	f.touch("ready")
	f.must(f.Start(t.Context(), spec))
	pid := f.wait("app.a", supervisor.Ready).PID
	f.Close()
	f.must(os.Remove(f.path("ready")))
	slow := spec
	slow.Readiness.Interval = time.Hour
	f = f.booted(slow)
	if s := f.taken(); s.State != supervisor.Ready || s.PID != pid {
		t.Errorf("it was ready, and is %+v", s)
	}
	f = f.booted(spec)
	if s := f.wait("app.a", supervisor.Unready); s.PID != pid {
		t.Errorf("had process %d, got %+v", pid, s)
	}
	f = f.booted(slow)
	if s := f.taken(); s.State != supervisor.Unready || s.PID != pid {
		t.Errorf("it was unready, and is %+v", s)
	}
	f.touch("ready")
	f = f.booted(slow)
	f.wait("app.a", supervisor.Ready) // it is checked at once
	f.remove(spec)
}

// An adopted process has been ready as long as it has, and was restarted as often.
func TestAdoptedSince(t *testing.T) {
	for _, checks := range []bool{true, false} {
		f := newFixture(t, options())
		spec := f.checked()
		if !checks {
			spec.Readiness = supervisor.Check{}
		}
		f.touch("ready")
		f.must(f.Start(t.Context(), spec))
		f.must(syscall.Kill(f.wait("app.a", supervisor.Ready).PID, syscall.SIGKILL))
		var before supervisor.Status
		for end := time.Now().Add(time.Minute); before.Restarts != 1 && time.Now().Before(end); time.Sleep(time.Millisecond) {
			before = f.wait("app.a", supervisor.Ready)
		}
		for range 2 {
			f = f.booted(spec)
			if s := f.wait("app.a", supervisor.Ready); !s.Since.Equal(before.Since) || s.Restarts != 1 {
				t.Errorf("with checks %v: it was %+v, and is %+v", checks, before, s)
			}
		}
		f.remove(spec)
	}
}

// What is known of one process is not said of another one in the same place.
func TestAdoptedIsNotWhatAnotherWas(t *testing.T) {
	f := newFixture(t, options())
	spec := f.checked()
	f.touch("ready")
	f.must(f.Start(t.Context(), spec))
	pid := f.wait("app.a", supervisor.Ready).PID
	f.Close()
	f.must(syscall.Kill(pid, syscall.SIGKILL))
	f.must(os.Remove(f.path("ready")))
	var other *shim.Process
	for end := time.Now().Add(time.Minute); other == nil; time.Sleep(time.Millisecond) { // the first shim is about to end
		var err error
		other, err = shim.Start(t.Context(), options().Shim, shim.Spec{Dir: spec.Dir, UID: -1, GID: -1, Command: spec.Command, Env: spec.Env, WorkDir: spec.WorkDir})
		if err != nil && time.Now().After(end) {
			t.Fatal(err)
		}
	}
	defer other.Release()
	f = f.booted(spec)
	if s := f.taken(); s.State != supervisor.Starting || s.PID != other.PID() {
		t.Errorf("process %d was never ready, and is %+v", other.PID(), s)
	}
	f.remove(spec)
}

// A supervisor that was killed while it stopped a unit for the user has one after it that goes on with that.
func TestPauseIsCarriedOn(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "trap '' TERM; touch up; while :; do sleep 0.01; done")
	f.up(&spec, "up")
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

// A start that the supervisor was killed in is bounded under the next one as it would have been, whether that has booted or
// not: nothing waits for ever for a process that hangs.
func TestCutOffStartIsBounded(t *testing.T) {
	for name, boots := range map[string]bool{"at once": false, "after boot": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, options())
			spec := f.checked()
			spec.Order = "task 1"
			go func(s *supervisor.Supervisor) { _ = s.Start(context.Background(), spec) }(f.Supervisor)
			pid := f.wait("app.a", supervisor.Starting).PID
			f = f.again()
			t.Cleanup(f.Close)
			bring := f.Start
			if boots {
				waits := spec
				waits.Waits = true
				f.must(f.Boot(t.Context(), []supervisor.Spec{waits}))
				f.wait("app.a", supervisor.Starting)
				bring = f.Replace
			}
			spec.StartTimeout = 100 * time.Millisecond
			err := bring(t.Context(), spec)
			if _, ok := errors.AsType[*supervisor.StartError](err); !ok {
				t.Errorf("got %v", err)
			}
			if _, err := protocol.StartTime(pid); err == nil {
				t.Error("the app lives")
			}
			f.remove(spec)
		})
	}
}
