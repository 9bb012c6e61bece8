package supervisor_test

import (
	"os"
	"syscall"
	"testing"

	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/shim/protocol"
	"github.com/nsynapse/recipe/executor/supervisor"
)

// orphan returns a supervisor for the place of a unit whose app lives and whose agent and shim do not; and the app.
// While the file "broken" exists, which it does, its shims end before they have done anything.
func orphan(t *testing.T) (f *fixture, spec supervisor.Spec, pid int) {
	t.Helper()
	f = newFixture(t, options())
	spec = f.sh("app", "exec sleep 1000", "db")
	f.must(f.Start(t.Context(), spec))
	pid = f.wait("app", supervisor.Ready).PID
	f.Close()
	id, _ := protocol.ReadID(spec.Dir)
	f.must(syscall.Kill(id.ShimPID, syscall.SIGKILL))
	_, _ = syscall.Wait4(id.ShimPID, nil, 0, nil)
	t.Cleanup(func() { _ = syscall.Kill(-pid, syscall.SIGKILL) })
	f.touch("broken")
	o := options()
	o.Shim = append(shim.Program{"/bin/sh", "-c", `test -e "$0" || exec "$@"`, f.path("broken")}, o.Shim...)
	return &fixture{TB: t, root: f.root, Supervisor: supervisor.New(o)}, spec, pid
}

func (f *fixture) repair() {
	f.Helper()
	f.must(os.Remove(f.path("broken")))
}

// An app that could not be looked at when the agent came up lives on, and is adopted by a later look, whatever it needs.
func TestBootLooksAgain(t *testing.T) {
	f, spec, pid := orphan(t)
	defer f.Close()
	need := f.sh("db", "exec sleep 1000")
	need.Waits = true
	f.must(f.Boot(t.Context(), []supervisor.Spec{spec, need}))
	f.wait("app", supervisor.Backoff)
	f.repair()
	if s := f.wait("app", supervisor.Ready); s.PID != pid || s.Restarts != 0 {
		t.Errorf("had process %d, got %+v", pid, s)
	}
	f.must(f.Remove(t.Context(), spec.Address))
}

// What could not be looked at is not taken for stopped.
func TestStopLooksAgain(t *testing.T) {
	f, spec, pid := orphan(t)
	defer f.Close()
	if err := f.Start(t.Context(), spec); err == nil {
		t.Fatal("started beside what may run")
	}
	if err := f.Remove(t.Context(), spec.Address); err == nil {
		t.Error("removed, and the app lives")
	}
	f.repair()
	f.must(f.Remove(t.Context(), spec.Address))
	if _, err := protocol.StartTime(pid); err == nil {
		t.Error("the app lives")
	}
}
