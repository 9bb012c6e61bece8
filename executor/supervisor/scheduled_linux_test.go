package supervisor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/disk/summed"
)

// A keeper is one scheduled unit with a clock that the test moves.
type keeper struct {
	*Supervisor
	t     *testing.T
	clock *manual
	dir   string
	spec  Spec
}

func newKeeper(t *testing.T, script string, s Schedule) *keeper {
	k := &keeper{t: t, clock: newManual(), dir: t.TempDir()}
	s.Next = func(after time.Time) time.Time { return after.Truncate(time.Hour).Add(time.Hour) }
	k.spec = Spec{
		Address: "job", Component: "app.a", Dir: filepath.Join(k.dir, "unit"), WorkDir: k.dir, UID: -1, GID: -1,
		Command: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Schedule: &s,
	}
	k.Supervisor = New(Options{Shim: program(), Clock: k.clock})
	t.Cleanup(func() {
		_ = k.Remove(context.Background(), "job")
		k.Close()
	})
	return k
}

func (k *keeper) start() {
	k.t.Helper()
	if err := k.Start(k.t.Context(), k.spec); err != nil {
		k.t.Fatal(err)
	}
}

// again is the same place under the next supervisor, so much later.
func (k *keeper) again(later time.Duration) {
	k.t.Helper()
	k.Close()
	k.clock.advance(later)
	k.Supervisor = New(Options{Shim: program(), Clock: k.clock})
	if err := k.Boot(k.t.Context(), []Spec{k.spec}); err != nil {
		k.t.Fatal(err)
	}
}

func (k *keeper) until(what string, ok func(Status) bool) Status {
	k.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		s, _ := k.Status("job")
		if ok(s) {
			return s
		}
		if time.Now().After(end) {
			k.t.Fatalf("never %s: %+v; runs %q", what, k.Statuses(), k.outcomes())
		}
	}
}

func (k *keeper) state(want State) Status {
	k.t.Helper()
	return k.until(want.String(), func(s Status) bool { return s.State == want })
}

// pass lets the next time of the schedule come.
func (k *keeper) pass() {
	s, _ := k.Status("job")
	k.clock.advance(s.Next.Sub(k.clock.Now()))
}

// outcomes are those of the runs that are over.
func (k *keeper) outcomes() string {
	k.t.Helper()
	runs, err := k.Runs(k.t.Context(), "job")
	if err != nil {
		k.t.Fatal(err)
	}
	var all []string
	for _, r := range runs {
		all = append(all, string(r.Outcome))
	}
	return strings.Join(all, " ")
}

func (k *keeper) expect(want string) {
	k.t.Helper()
	k.until(want, func(Status) bool { return k.outcomes() == want })
}

// touch lets a script go on that waits for the file.
func (k *keeper) touch(name string) {
	k.t.Helper()
	if err := os.WriteFile(filepath.Join(k.dir, name), nil, 0o600); err != nil {
		k.t.Fatal(err)
	}
}

const waits = "until [ -e go ]; do sleep 0.01; done; rm go"

func TestScheduled(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Shim: program()})
		defer s.Close()
		err := s.Start(t.Context(), Spec{
			Address: "job", Component: "app.a", Dir: filepath.Join(dir, "unit"), WorkDir: dir, UID: -1, GID: -1,
			Command: []string{"/bin/sh", "-c", "echo x >>ran; [ $(wc -l <ran) != 3 ]"}, Env: []string{"PATH=/usr/bin:/bin"},
			Schedule: &Schedule{Next: func(after time.Time) time.Time { return after.Truncate(time.Hour).Add(time.Hour) }},
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(24*time.Hour + time.Minute)
		synctest.Wait()
		runs, err := s.Runs(t.Context(), "job")
		if err != nil || len(runs) != 24 {
			t.Fatalf("%d runs, %v", len(runs), err)
		}
		for i, r := range runs {
			want := Succeeded
			if i == 2 {
				want = Broke
			}
			if r.Outcome != want || r.Due.Minute() != 0 || r.Began.Sub(r.Due) > time.Second {
				t.Errorf("run %d: %+v", i, r)
			}
		}
		status, _ := s.Status("job")
		if status.State != Scheduled || !status.Ready || status.Restarts != 0 || time.Until(status.Next) != 59*time.Minute {
			t.Errorf("%+v", status)
		}
		if err := s.Remove(t.Context(), "job"); err != nil {
			t.Error(err)
		}
	})
	if ran, err := os.ReadFile(filepath.Join(dir, "ran")); err != nil || len(ran) != 2*24 {
		t.Errorf("%q, %v", ran, err)
	}
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		overlap Overlap
		want    string // after two more times have come while the first run goes on
	}{
		{Skip, "skipped skipped succeeded"},
		{Queue, "skipped succeeded succeeded"},
		{Replace, "stopped stopped succeeded"},
	} {
		k := newKeeper(t, waits, Schedule{Overlap: c.overlap})
		k.start()
		k.pass()
		first := k.state(Running)
		for range 2 {
			before := k.state(Running)
			k.pass()
			k.until("seen", func(s Status) bool { return s.Next.After(before.Next) })
			if c.overlap == Replace {
				k.until("replaced", func(s Status) bool { return s.State == Running && s.PID != before.PID })
			}
		}
		if s := k.state(Running); c.overlap != Replace && s.PID != first.PID {
			t.Errorf("%d: another process than the first runs", c.overlap)
		}
		k.touch("go")
		if c.overlap == Queue {
			k.until("queued", func(s Status) bool { return s.State == Running && s.PID != first.PID })
			k.touch("go")
		}
		k.expect(c.want)
		k.state(Scheduled)
	}
}

func TestRunTakesTooLong(t *testing.T) {
	k := newKeeper(t, waits, Schedule{Timeout: 10 * time.Minute})
	k.start()
	k.pass()
	k.state(Running)
	k.clock.advance(10 * time.Minute)
	k.expect("timed-out")
	if s := k.state(Scheduled); !strings.Contains(s.LastError, "longer than 10m") {
		t.Errorf("%+v", s)
	}
}

// The times pass, and nobody is there.
func TestMissed(t *testing.T) {
	for _, catchUp := range []bool{false, true} {
		k := newKeeper(t, "true", Schedule{CatchUp: catchUp})
		k.start()
		k.pass()
		k.expect("succeeded")
		k.again(5*time.Hour + 10*time.Minute)
		want := "succeeded skipped"
		if catchUp {
			want = "succeeded succeeded"
		}
		k.expect(want)
		runs, _ := k.Runs(t.Context(), "job")
		if due := runs[1].Due; !due.Equal(k.clock.Now().Truncate(time.Hour)) {
			t.Errorf("catch up %v: it was due at %s", catchUp, due)
		}
		k.pass()
		k.expect(want + " succeeded")
	}
}

// A run outlives its supervisor; its end is seen by the next, or was.
func TestRunAdopted(t *testing.T) {
	k := newKeeper(t, waits, Schedule{})
	k.start()
	k.pass()
	first := k.state(Running)
	k.again(0)
	if s := k.state(Running); s.PID != first.PID {
		t.Fatalf("%+v", s)
	}
	k.touch("go")
	k.expect("succeeded")

	k.pass()
	k.state(Running)
	k.Close()
	k.touch("go")
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(k.spec.Dir, "exit")); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("it does not end")
		}
	}
	k.again(0)
	k.expect("succeeded succeeded")
}

func TestRunNow(t *testing.T) {
	k := newKeeper(t, waits, Schedule{})
	k.start()
	k.touch("go")
	run, err := k.RunNow(t.Context(), "job")
	if err != nil || run.Outcome != Succeeded || !run.Due.IsZero() {
		t.Errorf("%+v, %v", run, err)
	}
	done := make(chan Run)
	go func() {
		run, _ := k.RunNow(context.WithoutCancel(t.Context()), "job")
		done <- run
	}()
	k.state(Running)
	if _, err := k.RunNow(t.Context(), "job"); !errors.Is(err, ErrUnderWay) {
		t.Error(err)
	}
	if err := k.Stop(t.Context(), "job"); err != nil {
		t.Error(err)
	}
	if run := <-done; run.Outcome != Cancelled {
		t.Errorf("%+v", run)
	}
	if _, err := k.RunNow(t.Context(), "job"); err == nil {
		t.Error("a stopped unit has run")
	}
	if got := k.outcomes(); got != "succeeded stopped" {
		t.Error(got)
	}
}

// A run waits for what it needs.
func TestRunWaits(t *testing.T) {
	k := newKeeper(t, "true", Schedule{})
	k.spec.Needs = []string{"app.db"}
	db := Spec{
		Address: "db", Component: "app.db", Dir: filepath.Join(k.dir, "db"), UID: -1, GID: -1,
		Command: []string{"/bin/sleep", "1000"}, Env: []string{"PATH=/usr/bin:/bin"},
	}
	if err := k.Boot(t.Context(), []Spec{db}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Remove(context.Background(), "db") }()
	k.untilReady("db")
	if err := k.Pause(t.Context(), "db"); err != nil {
		t.Fatal(err)
	}
	k.start()
	k.pass()
	if s := k.state(Waiting); s.LastError != "waits for app.db" {
		t.Errorf("%+v", s)
	}
	resumed := make(chan error)
	go func() { resumed <- k.Resume(context.WithoutCancel(t.Context()), "db") }()
	k.untilReady("db")
	if err := <-resumed; err != nil {
		t.Fatal(err)
	}
	k.expect("succeeded")
}

// untilReady lets time pass until another unit is ready, which it is when it has lived for a moment.
func (k *keeper) untilReady(address string) {
	k.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if s, _ := k.Status(address); s.State == Ready {
			return
		}
		if time.Now().After(end) {
			k.t.Fatalf("%s is never ready", address)
		}
		k.clock.advance(100 * time.Millisecond)
	}
}

func TestLastBetween(t *testing.T) {
	hourly := &Schedule{Next: func(after time.Time) time.Time { return after.Truncate(time.Hour).Add(time.Hour) }}
	at := time.Unix(3600*1000, 0)
	if got := lastBetween(hourly, at, at.Add(59*time.Minute)); !got.IsZero() {
		t.Error(got)
	}
	if got := lastBetween(hourly, at, at.Add(90*time.Hour+time.Minute)); !got.Equal(at.Add(90 * time.Hour)) {
		t.Error(got)
	}
	never := &Schedule{Next: func(time.Time) time.Time { return time.Time{} }}
	if got := lastBetween(never, at, at.Add(time.Hour)); !got.IsZero() {
		t.Error(got)
	}
	if l := (&ledger{}); !slices.Equal(l.Runs, nil) || l.last() != nil {
		t.Error("an empty ledger has a last run")
	}
}

// A ledger that somebody has changed is not believed.
func TestLedgerDamage(t *testing.T) {
	dir := t.TempDir()
	l := ledger{Kept: time.Unix(1_000_000, 0).UTC(), Runs: []Run{{Began: time.Unix(999_000, 0).UTC(), Outcome: Succeeded}}}
	if err := l.write(disk.OS{}, dir); err != nil {
		t.Fatal(err)
	}
	if got, err := readLedger(disk.OS{}, dir); err != nil || !reflect.DeepEqual(got, l) {
		t.Fatalf("%+v, %v", got, err)
	}
	path := filepath.Join(dir, timesFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		damaged := slices.Clone(whole)
		damaged[at] ^= 1 << (at % 8)
		for _, content := range [][]byte{damaged, whole[:at]} {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := readLedger(disk.OS{}, dir); !errors.Is(err, summed.ErrDamaged) {
				t.Fatalf("%q is read as %+v (%v)", content, got, err)
			}
		}
	}
}

// A run that the user was stopping when the supervisor was killed is ended by the next one, and told as stopped.
func TestScheduledPauseIsCarriedOn(t *testing.T) {
	k := newKeeper(t, waits, Schedule{})
	k.start()
	k.pass()
	k.state(Running)
	if err := os.WriteFile(filepath.Join(k.spec.Dir, stopFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	k.again(time.Minute)
	if s := k.state(Stopped); !s.Next.IsZero() {
		t.Errorf("it is to run again: %+v", s)
	}
	k.expect("stopped")
}

// A clock that was a day ahead and is put right costs no run: the next time is that of the clock of now.
func TestClockIsSetBack(t *testing.T) {
	k := newKeeper(t, "exit 0", Schedule{})
	k.start()
	before := k.state(Scheduled)
	k.clock.set(24*time.Hour + time.Minute)
	k.clock.advance(lookAgain)
	k.expect("skipped")
	k.until("due a day later", func(s Status) bool { return s.Next.After(before.Next) })
	k.clock.set(-24*time.Hour - time.Minute)
	k.clock.advance(lookAgain)
	k.until("due again", func(s Status) bool { return s.Next.Equal(before.Next) })
	k.pass()
	k.expect("skipped succeeded")
}
