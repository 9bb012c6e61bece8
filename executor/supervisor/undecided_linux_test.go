package supervisor_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/supervisor"
)

// said is a probe whose outcome is what a file says.
type said string

type cannotTell struct{ error }

func (cannotTell) Undecided() bool { return true }

func (s said) Run(context.Context) error {
	text, err := os.ReadFile(string(s))
	switch {
	case err != nil:
		return err
	case string(text) == "good":
		return nil
	case string(text) == "unknown":
		return cannotTell{errors.New("unknown")}
	}
	return errors.New(string(text))
}

// A probe that cannot tell keeps nobody from starting, and changes nothing of one that runs.
func TestUndecided(t *testing.T) {
	f := newFixture(t, options())
	probes := f.path("probes") // one dot for each probe that was made
	say := func(text string) {
		t.Helper()
		f.must(os.WriteFile(f.path("said.new"), []byte(text), 0o600))
		f.must(os.Rename(f.path("said.new"), f.path("said")))
		f.must(os.RemoveAll(probes))
	}
	counted := func() bool { // more than any threshold that counts
		made, _ := os.ReadFile(probes)
		return len(made) >= 12
	}
	spec := f.sh("app.a", "exec sleep 1000")
	spec.Readiness = supervisor.Check{Probe: counting{said(f.path("said")), probes}, Interval: 5 * time.Millisecond, FailureThreshold: 2}
	spec.Liveness = spec.Readiness
	spec.Liveness.FailureThreshold = 100_000
	say("unknown")
	f.must(f.Start(t.Context(), spec))
	for _, c := range []struct {
		says    string
		want    supervisor.State
		assumed bool
	}{
		{"unknown", supervisor.Ready, true},
		{"it hangs", supervisor.Unready, false},
		{"unknown", supervisor.Unready, false},
		{"good", supervisor.Ready, false},
		{"unknown", supervisor.Ready, false},
	} {
		say(c.says)
		s := f.wait("app.a", c.want)
		for end := time.Now().Add(time.Minute); !counted(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("nothing is probed")
			}
		}
		if now := f.wait("app.a", supervisor.Ready, supervisor.Unready); now.State != c.want || now.PID != s.PID || now.Assumed != c.assumed {
			t.Errorf("%s: %+v", c.says, now)
		}
	}
	if s := f.wait("app.a", supervisor.Ready); strings.Contains(s.LastError, "unknown") {
		t.Errorf("%+v", s)
	}
}

// That a process is ready is only assumed until its check has passed for the first time, and then it is told again.
func TestAssumed(t *testing.T) {
	told := make(chan supervisor.Status, 100)
	o := options()
	o.OnChange = func(s supervisor.Status) { told <- s }
	f := newFixture(t, o)
	spec := f.sh("app.a", "exec sleep 1000")
	spec.Readiness = supervisor.Check{Probe: said(f.path("said")), Interval: 5 * time.Millisecond}
	f.must(os.WriteFile(f.path("said"), []byte("unknown"), 0o600))
	f.must(f.Start(t.Context(), spec))
	first := f.wait("app.a", supervisor.Ready)
	if !first.Assumed || first.LastError != "unknown" {
		t.Errorf("%+v", first)
	}
	f.must(os.WriteFile(f.path("new"), []byte("good"), 0o600))
	f.must(os.Rename(f.path("new"), f.path("said")))
	for {
		select {
		case s := <-told:
			if s.State != supervisor.Ready || s.Assumed {
				continue
			}
			if s.PID != first.PID || !s.Since.Equal(first.Since) || s.LastError != "" {
				t.Errorf("%+v", s)
			}
			return
		case <-time.After(time.Minute):
			t.Fatal("nothing is told")
		}
	}
}

// counting notes in a file that the probe was made.
type counting struct {
	supervisor.Probe
	file string
}

func (c counting) Run(ctx context.Context) error {
	f, err := os.OpenFile(c.file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	defer f.WriteString(".")
	return c.Probe.Run(ctx)
}
