package supervisor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
)

// A stage is a supervisor of real processes on a clock that the test moves. All pauses are the middle ones.
type stage struct {
	*testing.T
	*Supervisor
	heard *news
	clock *manual
	root  string
}

func newStage(t *testing.T) *stage {
	s := &stage{T: t, heard: &news{}, clock: newManual(), root: t.TempDir()}
	s.Supervisor = New(Options{
		Shim: program(), Clock: s.clock, Rand: func() float64 { return 0.5 }, OnChange: s.heard.add,
	})
	t.Cleanup(func() {
		for _, unit := range s.Statuses() {
			s.must(s.Remove(context.Background(), unit.Address))
		}
		s.Close()
	})
	return s
}

// unit ends as long as a file of the name "broken-" and its own is there, and else runs on.
func (s *stage) unit(name string, needs ...string) Spec {
	return Spec{
		Address: name, Component: name, Needs: needs, Dir: filepath.Join(s.root, name), UID: -1, GID: -1,
		Command: []string{"/bin/sh", "-c", "test -e " + s.fault(name) + " && exit 3; exec sleep 1000"},
		Env:     []string{"PATH=/usr/bin:/bin"}, Stop: Stop{Signal: syscall.SIGKILL},
	}
}

func (s *stage) fault(name string) string { return filepath.Join(s.root, "broken-"+name) }

func (s *stage) spoil(units ...Spec) {
	for _, unit := range units {
		s.must(os.WriteFile(s.fault(unit.Address), nil, 0o600))
	}
}

func (s *stage) mend(units ...Spec) {
	for _, unit := range units {
		s.must(os.Remove(s.fault(unit.Address)))
	}
}

// crash kills the processes of units that run.
func (s *stage) crash(units ...Spec) {
	for _, unit := range units {
		pid := s.heard.last(unit.Address).PID
		if pid <= 0 {
			s.Fatalf("%s does not run", unit.Address)
		}
		s.must(syscall.Kill(pid, syscall.SIGKILL))
	}
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// units makes so many of them, named by their number after a letter.
func (s *stage) units(letter string, count int, needs ...string) []Spec {
	var all []Spec
	for i := range count {
		all = append(all, s.unit(fmt.Sprint(letter, i), needs...))
	}
	return all
}

// T24: units in a crash-loop get well. After a minute of health, and not an instant before, they begin anew.
func TestT24HealthyMinute(t *testing.T) {
	s := newStage(t)
	units := s.units("a", loops)
	s.spoil(units...)
	s.must(s.Boot(t.Context(), units))
	for ends := 2; ends <= 5; ends++ { // the first is followed by a restart at once
		s.heard.await(t, "ended", units, func(st Status) bool { return st.Restarts == ends && st.State == pauseState(ends) })
		if ends == 5 {
			s.mend(units...)
		}
		s.clock.advance(pauses[ends-1])
	}
	s.heard.await(t, "starting", units, is(Starting))
	s.clock.advance(aliveAfter)
	s.heard.await(t, "ready", units, is(Ready))
	early, late := units[:loops/2], units[loops/2:]
	s.clock.advance(time.Minute - 1)
	s.crash(early...)
	s.heard.await(t, "in a crash-loop", early, is(CrashLoop))
	s.clock.advance(1)
	s.crash(late...)
	s.heard.await(t, "restarted at once", late, is(Starting))
	for _, unit := range early {
		if status := s.heard.last(unit.Address); status.State != CrashLoop {
			t.Errorf("an end before a minute was followed by %+v", status)
		}
	}
	torture.Report(t, "T24", "%d crash loops got well: %d ends 1 ns before a minute went on with the loop, %d after it began anew",
		loops, len(early), len(late))
}

// T24: the service that apps need is in a crash-loop, and they crash for the want of it. They wait for it, and none of
// these ends is held against them.
func TestT24NeedDown(t *testing.T) {
	s := newStage(t)
	need, apps := s.unit("db"), s.units("a", loops, "db")
	need.Startup.Probe = absent(s.fault("db"))
	for i := range apps {
		apps[i].Startup.Probe = absent("/nowhere")
	}
	s.must(s.Boot(t.Context(), append(apps, need)))
	s.heard.await(t, "ready", apps, is(Ready))
	for round := range 5 {
		s.spoil(need)
		s.crash(need)
		ends := round + 2 // the very first restart came at once, and ended too
		s.heard.await(t, "down", []Spec{need}, func(st Status) bool { return st.Restarts == ends && is(Backoff, CrashLoop)(st) })
		s.crash(apps...)
		s.heard.await(t, "waiting", apps, func(st Status) bool { return st.State == Waiting && st.LastError == "waits for db" })
		s.mend(need)
		s.clock.advance(pauses[ends-1])
		s.heard.await(t, "ready", apps, is(Ready))
	}
	s.crash(apps...)
	s.heard.await(t, "restarted at once", apps, func(st Status) bool { return st.Restarts == 6 && st.State == Ready })
	for _, app := range apps {
		if paused := s.count(app, Backoff, CrashLoop); paused != 1 {
			t.Errorf("%s was paused %d times, want once: for the end that counts", app.Address, paused)
		}
	}
	torture.Report(t, "T24", "5 ends each of %d apps while their need was in a crash-loop: all waited, 0 counted", loops)
}

// absent is a probe that wants a file not to be there.
type absent string

func (a absent) Run(context.Context) error {
	if _, err := os.Stat(string(a)); err == nil {
		return fmt.Errorf("%s is there", string(a))
	}
	return nil
}

// count returns how often a unit has come into one of the states.
func (s *stage) count(unit Spec, states ...State) int {
	s.heard.mu.Lock()
	defer s.heard.mu.Unlock()
	n := 0
	for _, status := range s.heard.of[unit.Address] {
		if is(states...)(status) {
			n++
		}
	}
	return n
}

// T24: health comes and goes all the time. No process is restarted for it, neither the one that flaps nor those that need
// it, and nobody hears of it more than once for each change.
func TestT24Flapping(t *testing.T) {
	s := newStage(t)
	flaps := torture.Pick(50, 1000)
	flapping, users := s.units("a", loops/2), s.units("b", loops/2, "a0")
	ill := filepath.Join(s.root, "ill")
	for i := range flapping {
		flapping[i].Readiness = Check{Probe: absent(ill), FailureThreshold: 1}
	}
	for i := range users {
		users[i].Startup.Probe = absent("/nowhere")
	}
	all := append(flapping, users...)
	s.must(s.Boot(t.Context(), all))
	s.heard.await(t, "ready", all, is(Ready))
	before := s.Statuses()
	for range flaps {
		s.must(os.WriteFile(ill, nil, 0o600))
		s.clock.advance(defaultInterval)
		s.heard.await(t, "unready", flapping, is(Unready))
		s.must(os.Remove(ill))
		s.clock.advance(defaultInterval)
		s.heard.await(t, "ready", flapping, is(Ready))
	}
	for i, after := range s.Statuses() {
		if after.PID != before[i].PID || after.Restarts > 0 {
			t.Errorf("%+v\nhas become\n%+v", before[i], after)
		}
	}
	for i, unit := range all {
		want := 0
		if i < len(flapping) {
			want = flaps
		}
		if told := s.count(unit, Unready); told != want {
			t.Errorf("%s was said to be unready %d times, want %d", unit.Address, told, want)
		}
	}
	torture.Report(t, "T24", "%d units flapped %d times beside %d that need one of them: same pids, 0 restarts, each change told once",
		len(flapping), flaps, len(users))
}
