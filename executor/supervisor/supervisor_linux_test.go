package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/shim/protocol"
	"github.com/nsynapse/recipe/executor/shim/shimmain"
	"github.com/nsynapse/recipe/executor/supervisor"
)

// TestMain makes the test binary play shim and app.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "shim":
			os.Exit(shimmain.Main(os.Args[2:]))
		case "serve":
			serve(os.Args[2])
		}
	}
	os.Exit(m.Run())
}

// serve listens on a socket, which is what the probes look for.
func serve(path string) {
	_ = os.Remove(path)
	if _, err := net.Listen("unix", path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	select {}
}

// dial is a probe that wants a listener.
type dial string

func (d dial) Run(context.Context) error {
	c, err := net.Dial("unix", string(d))
	if err != nil {
		return err
	}
	return c.Close()
}

// file is a probe that wants a file.
type file string

func (f file) Run(context.Context) error {
	_, err := os.Stat(string(f))
	return err
}

type fixture struct {
	testing.TB
	root string
	*supervisor.Supervisor
}

func options() supervisor.Options {
	program := shim.Program{"/usr/bin/env", "GORACE=atexit_sleep_ms=0", os.Args[0], "shim"} // else the race detector sleeps
	if path := os.Getenv("RECIPE_SHIM"); path != "" {
		program = shim.Program{path}
	}
	return supervisor.Options{Shim: program}
}

func newFixture(t testing.TB, o supervisor.Options) *fixture {
	f := &fixture{TB: t, root: t.TempDir(), Supervisor: supervisor.New(o)}
	t.Cleanup(func() {
		var group sync.WaitGroup
		for _, s := range f.Statuses() {
			group.Go(func() { _ = f.Remove(context.Background(), s.Address) })
		}
		group.Wait()
		f.Close()
	})
	return f
}

// again is the same place under a new supervisor, as after the end of an agent.
func (f *fixture) again() *fixture {
	f.Close()
	return &fixture{TB: f.TB, root: f.root, Supervisor: supervisor.New(options())}
}

func (f *fixture) path(name string) string { return filepath.Join(f.root, name) }

// sh is a unit that runs a shell script.
func (f *fixture) sh(name, script string, needs ...string) supervisor.Spec {
	return supervisor.Spec{
		Address: name + "[0].process.web", Component: name, Needs: needs, Dir: f.path(name), UID: -1, GID: -1,
		Command: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, WorkDir: f.root,
		Stop: supervisor.Stop{Grace: time.Minute}, StartTimeout: time.Minute,
	}
}

// up makes the unit ready when its script has made the file of that name: what comes before that in it has been done.
func (f *fixture) up(spec *supervisor.Spec, name string) {
	spec.Startup = supervisor.Check{Probe: file(f.path(name))}
}

// wait returns the unit in one of the states, which has to be one that it stays in.
func (f *fixture) wait(name string, want ...supervisor.State) supervisor.Status {
	f.Helper()
	var s supervisor.Status
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		s, _ = f.Status(name + "[0].process.web")
		for _, state := range want {
			if s.State == state {
				return s
			}
		}
	}
	f.Fatalf("%s is %v, want %v", name, s, want)
	return s
}

func (f *fixture) touch(name string) {
	f.Helper()
	if err := os.WriteFile(f.path(name), nil, 0o600); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func TestStartReturnsWhenReady(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "sleep 0.05; touch up; exec sleep 1000")
	f.up(&spec, "up")
	f.must(f.Start(t.Context(), spec))
	if _, err := os.Stat(f.path("up")); err != nil {
		t.Error("not ready yet")
	}
	s := f.wait("app.a", supervisor.Ready)
	if s.PID == 0 || !s.Ready || s.Restarts != 0 {
		t.Errorf("%+v", s)
	}
	if err := f.Start(t.Context(), spec); !errors.Is(err, supervisor.ErrExists) {
		t.Errorf("got %v", err)
	}
	f.must(f.Stop(t.Context(), spec.Address))
	if s := f.wait("app.a", supervisor.Stopped); s.PID != 0 || s.LastExit.Signal != syscall.SIGTERM {
		t.Errorf("%+v", s)
	}
	f.must(f.Start(t.Context(), spec))
}

func TestStartErrors(t *testing.T) {
	f := newFixture(t, options())
	never := supervisor.Check{Probe: file(f.path("never"))}
	for _, c := range []struct {
		name, script string
		change       func(*supervisor.Spec)
		want         string
	}{
		{"exits", "echo no database; exit 3", nil, "exit status 3 before it was ready"},
		{"slow", "echo no database; exec sleep 1000", func(s *supervisor.Spec) { s.StartTimeout = 2 * time.Second }, "not ready after 2s: stat"},
		{"missing", "", func(s *supervisor.Spec) { s.Command = []string{"/no/such"} }, "execute /no/such: no such file"},
	} {
		spec := f.sh(c.name, c.script)
		spec.Startup = never
		if c.change != nil {
			c.change(&spec)
		}
		err := f.Start(t.Context(), spec)
		var e *supervisor.StartError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", c.name, err)
			continue
		}
		if c.script != "" && strings.Join(e.Lines, " ") != "no database" {
			t.Errorf("%s: lines %q", c.name, e.Lines)
		}
		if s := f.wait(c.name, supervisor.Failed); s.Restarts != 0 || s.PID != 0 {
			t.Errorf("%+v", s)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	spec := f.sh("cancelled", "touch runs; exec sleep 1000")
	spec.Startup = supervisor.Check{Probe: then{file(f.path("runs")), cancel}}
	if err := f.Start(ctx, spec); err == nil || !strings.Contains(err.Error(), "context canceled before it was ready") {
		t.Errorf("got %v", err)
	}
	if marked := protocol.Marked(spec.Dir); len(marked) > 0 {
		t.Errorf("%v still run", marked)
	}
}

// then is a probe that fails, and does something when another one succeeds.
type then struct {
	supervisor.Probe
	do func()
}

func (p then) Run(ctx context.Context) error {
	if p.Probe.Run(ctx) == nil {
		p.do()
	}
	return errors.New("never")
}

func TestFinished(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "exit 7")
	spec.SuccessCodes = []int{0, 7}
	f.must(f.Start(t.Context(), spec))
	f.wait("app.a", supervisor.Finished)
}

func TestCrashIsRestarted(t *testing.T) {
	f := newFixture(t, options())
	f.must(f.Start(t.Context(), f.sh("app.a", "exec sleep 1000")))
	before := f.wait("app.a", supervisor.Ready)
	f.must(syscall.Kill(before.PID, syscall.SIGKILL))
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		after := f.wait("app.a", supervisor.Ready)
		if after.PID != before.PID {
			if after.Restarts != 1 || after.LastExit.Signal != syscall.SIGKILL {
				t.Errorf("%+v", after)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatal("not restarted")
		}
	}
}

func TestMaxRestarts(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "until test -e end; do sleep 0.01; done; exit 9")
	spec.Restart.Max = 1
	f.must(f.Start(t.Context(), spec))
	f.touch("end")
	if s := f.wait("app.a", supervisor.Failed); s.Restarts != 1 || s.LastError != "exit status 9" {
		t.Errorf("%+v", s)
	}
}

func TestReadinessAndLiveness(t *testing.T) {
	f := newFixture(t, options())
	f.touch("ready")
	f.touch("alive")
	spec := f.sh("app.a", "touch alive up; exec sleep 1000")
	f.up(&spec, "up")
	check := supervisor.Check{Interval: 10 * time.Millisecond, FailureThreshold: 2}
	spec.Readiness, spec.Liveness = check, check
	spec.Readiness.Probe, spec.Liveness.Probe = file(f.path("ready")), file(f.path("alive"))
	f.must(f.Start(t.Context(), spec))
	before := f.wait("app.a", supervisor.Ready)
	f.must(os.Remove(f.path("ready")))
	if s := f.wait("app.a", supervisor.Unready); s.PID != before.PID || !strings.Contains(s.LastError, "readiness") {
		t.Errorf("%+v", s)
	}
	f.touch("ready")
	f.wait("app.a", supervisor.Ready)
	f.must(os.Remove(f.path("up"))) // else the next process would be ready before it is alive
	f.must(os.Remove(f.path("alive")))
	after := before
	for end := time.Now().Add(time.Minute); after.PID == before.PID && time.Now().Before(end); time.Sleep(time.Millisecond) {
		after = f.wait("app.a", supervisor.Ready)
	}
	if after.PID == before.PID || after.Restarts != 1 {
		t.Errorf("%+v", after)
	}
}

func TestStopKillsAfterGrace(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "trap '' TERM; (trap '' TERM; setsid sleep 1000) & touch up; while true; do sleep 1000; done")
	f.up(&spec, "up")
	spec.Stop.Grace = 100 * time.Millisecond
	f.must(f.Start(t.Context(), spec))
	f.must(f.Stop(t.Context(), spec.Address))
	if s := f.wait("app.a", supervisor.Stopped); s.LastExit.Signal != syscall.SIGKILL {
		t.Errorf("%+v", s)
	}
	if marked := protocol.Marked(spec.Dir); len(marked) > 0 {
		t.Errorf("%v still run", marked)
	}
}

func TestCrashWaitsForNeed(t *testing.T) {
	f := newFixture(t, options())
	db, app := f.sh("db", "exec sleep 1000"), f.sh("app", "exec sleep 1000", "db", "unknown")
	f.must(f.Start(t.Context(), db))
	f.must(f.Start(t.Context(), app))
	before := f.wait("app", supervisor.Ready)
	f.must(f.Stop(t.Context(), db.Address))
	if s := f.wait("app", supervisor.Ready); s.PID != before.PID {
		t.Error("the app was restarted for its need")
	}
	f.must(syscall.Kill(before.PID, syscall.SIGKILL))
	if s := f.wait("app", supervisor.Waiting); s.LastError != "waits for db" {
		t.Errorf("%+v", s)
	}
	f.must(f.Start(t.Context(), db))
	f.wait("app", supervisor.Ready)
}

func TestReplace(t *testing.T) {
	f := newFixture(t, options())
	spec, next := f.sh("app.a", "echo one; touch one; exec sleep 1000"), f.sh("app.a", "echo two; touch two; exec sleep 1000")
	f.up(&spec, "one")
	f.up(&next, "two")
	f.must(f.Start(t.Context(), spec))
	before := f.wait("app.a", supervisor.Ready)
	f.must(f.Replace(t.Context(), next))
	after := f.wait("app.a", supervisor.Ready)
	if after.PID == before.PID || after.Restarts != 0 {
		t.Errorf("%+v", after)
	}
	var got []string
	var err error
	for end := time.Now().Add(time.Minute); len(got) < 2 && err == nil && time.Now().Before(end); time.Sleep(time.Millisecond) {
		got, err = shim.Tail(spec.Dir, 5)
	}
	if err != nil || strings.Join(got, " ") != "one two" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestRestartSharesAStart has the user restart what somebody is starting: that start is neither failed nor done twice, and goes on
// when the user does not want to wait.
func TestRestartSharesAStart(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "echo begun; touch begun; exec sleep 1000")
	f.up(&spec, "go")
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- f.Start(t.Context(), spec) }()
	begun := f.wait("app.a", supervisor.Starting)

	impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := f.Restart(impatient, spec.Address); err == nil {
		t.Error("restarted, and it is not ready")
	}
	if now := f.wait("app.a", supervisor.Starting); now.PID != begun.PID {
		t.Errorf("process %d was started anew as %d", begun.PID, now.PID)
	}
	go func() { second <- f.Restart(t.Context(), spec.Address) }()
	f.touch("go")
	f.must(<-first)
	f.must(<-second)
	f.wait("app.a", supervisor.Ready)
}

// TestClear ends what a supervisor has left that was killed, although the next one was told nothing of it.
func TestClear(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "exec sleep 1000")
	f.must(f.Start(t.Context(), spec))
	left := f.wait("app.a", supervisor.Ready).PID
	f = f.again()
	defer f.Close()
	f.must(f.Clear(t.Context(), spec))
	if err := syscall.Kill(left, 0); !errors.Is(err, syscall.ESRCH) {
		_ = syscall.Kill(left, syscall.SIGKILL)
		t.Errorf("it runs on: %v", err)
	}
	f.must(f.Clear(t.Context(), spec))
	if all := f.Statuses(); len(all) != 0 {
		t.Errorf("known: %v", all)
	}
	f.must(f.Start(t.Context(), spec))
	f.must(f.Clear(t.Context(), spec))
	if all := f.Statuses(); len(all) != 0 {
		t.Errorf("known: %v", all)
	}
}

// TestRestartOfWhatIsRemoved has the user restart what a run removes: it is not started again, since nobody would know of it.
func TestRestartOfWhatIsRemoved(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "trap 'touch asked; until [ -e go ]; do sleep 0.01; done; exit' TERM; touch up; while :; do sleep 0.01; done")
	f.up(&spec, "up")
	f.must(f.Start(t.Context(), spec))
	removed := make(chan error, 1)
	go func() { removed <- f.Remove(t.Context(), spec.Address) }()
	f.wait("app.a", supervisor.Stopping)
	for _, again := range []func(context.Context, string) error{f.Restart, f.Resume} {
		if err := again(t.Context(), spec.Address); !errors.Is(err, supervisor.ErrUnknown) {
			t.Errorf("got %v", err)
		}
	}
	f.touch("go")
	f.must(<-removed)
}

func TestPauseOutlivesSupervisor(t *testing.T) {
	f := newFixture(t, options())
	spec := f.sh("app.a", "exec sleep 1000")
	f.must(f.Start(t.Context(), spec))
	f.must(f.Pause(t.Context(), spec.Address))
	g := f.again()
	defer g.Close()
	g.must(g.Boot(t.Context(), []supervisor.Spec{spec}))
	g.must(g.Settle(t.Context()))
	g.wait("app.a", supervisor.Stopped)
	g.must(g.Resume(t.Context(), spec.Address))
	g.wait("app.a", supervisor.Ready)
	g.must(g.Remove(t.Context(), spec.Address))
	if len(g.Statuses()) != 0 {
		t.Error("not forgotten")
	}
}

// The supervisor is closed and a new one takes over: same processes, no line lost, also where the shim was killed.
func TestBootAdopts(t *testing.T) {
	f := newFixture(t, options())
	script := "i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); sleep 0.002; done; exec sleep 1000"
	specs := []supervisor.Spec{f.sh("db", script), f.sh("app", script, "db"), f.sh("new", script, "app")}
	f.must(f.Start(t.Context(), specs[0]))
	f.must(f.Start(t.Context(), specs[1]))
	before := map[string]int{"db": f.wait("db", supervisor.Ready).PID, "app": f.wait("app", supervisor.Ready).PID}
	f.Close()
	id, _ := protocol.ReadID(specs[1].Dir)
	f.must(syscall.Kill(id.ShimPID, syscall.SIGKILL))
	_, _ = syscall.Wait4(id.ShimPID, nil, 0, nil)
	g := f.again()
	defer g.Close()
	g.must(g.Boot(t.Context(), specs))
	g.must(g.Settle(t.Context()))
	for name, pid := range before {
		if s := g.wait(name, supervisor.Ready); s.PID != pid || s.Restarts != 0 {
			t.Errorf("%s: had process %d, got %+v", name, pid, s)
		}
	}
	g.wait("new", supervisor.Ready)
	for _, spec := range specs {
		var lines []string
		for end := time.Now().Add(time.Minute); len(lines) < 300 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			lines, _ = shim.Tail(spec.Dir, 1000)
		}
		for i, line := range lines {
			if line != "line "+strconv.Itoa(i) {
				t.Fatalf("%s: line %d is %q", spec.Address, i, line)
			}
		}
		if len(lines) != 300 {
			t.Errorf("%s: %d lines", spec.Address, len(lines))
		}
		g.must(g.Remove(t.Context(), spec.Address))
	}
}

func (f *fixture) server(i int, needs ...string) supervisor.Spec {
	name := "app.s" + strconv.Itoa(i)
	spec := f.sh(name, "", needs...)
	socket := f.path(name + ".sock")
	spec.Command = []string{os.Args[0], "serve", socket}
	spec.Startup.Probe = dial(socket)
	return spec
}

func benchmarkBoot(b *testing.B, count int, need func(i int) []string) {
	for b.Loop() {
		b.StopTimer()
		f := newFixture(b, options())
		var specs []supervisor.Spec
		for i := range count {
			specs = append(specs, f.server(i, need(i)...))
		}
		b.StartTimer()
		f.must(f.Boot(b.Context(), specs))
		f.must(f.Settle(b.Context()))
		b.StopTimer()
		for _, s := range f.Statuses() {
			if !s.Ready {
				b.Fatalf("%+v", s)
			}
		}
		began := time.Now()
		var group sync.WaitGroup
		for _, s := range f.Statuses() {
			group.Go(func() { f.must(f.Remove(context.Background(), s.Address)) })
		}
		group.Wait()
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "stop-ms")
		b.StartTimer()
	}
}

func BenchmarkOne(b *testing.B) { benchmarkBoot(b, 1, func(int) []string { return nil }) }

func BenchmarkChain50(b *testing.B) {
	benchmarkBoot(b, 50, func(i int) []string {
		if i == 0 {
			return nil
		}
		return []string{"app.s" + strconv.Itoa(i-1)}
	})
}

func BenchmarkLevels200(b *testing.B) {
	benchmarkBoot(b, 200, func(i int) []string {
		if i < 40 {
			return nil
		}
		return []string{"app.s" + strconv.Itoa(i-40)}
	})
}

// floor is spawning and probing with nothing else: what no supervisor can beat.
func floor(b *testing.B, levels, width int) {
	for b.Loop() {
		dir := b.TempDir()
		var started []*exec.Cmd
		var mu sync.Mutex
		for level := range levels {
			var group sync.WaitGroup
			for i := range width {
				group.Go(func() {
					socket := filepath.Join(dir, fmt.Sprint(level, "-", i))
					c := exec.Command(os.Args[0], "serve", socket)
					if err := c.Start(); err != nil {
						b.Error(err)
						return
					}
					mu.Lock()
					started = append(started, c)
					mu.Unlock()
					for pause := time.Millisecond; dial(socket).Run(b.Context()) != nil; pause *= 2 {
						time.Sleep(pause)
					}
				})
			}
			group.Wait()
		}
		b.StopTimer()
		for _, c := range started {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
		b.StartTimer()
	}
}

func BenchmarkFloorOne(b *testing.B)       { floor(b, 1, 1) }
func BenchmarkFloorChain50(b *testing.B)   { floor(b, 50, 1) }
func BenchmarkFloorLevels200(b *testing.B) { floor(b, 5, 40) }
