package supervisor

import (
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
)

// T24: what 20 crash loops cost that begin at once, in real time. The first seconds are the dearest: from then on the
// pauses grow.
func TestT24CPU(t *testing.T) {
	var heard news
	s := New(Options{Shim: program(), OnChange: heard.add})
	defer s.Close()
	specs := crashing(t.TempDir())
	began, own, shims := time.Now(), cpu(t, syscall.RUSAGE_SELF), cpu(t, syscall.RUSAGE_CHILDREN)
	if err := s.Boot(t.Context(), specs); err != nil {
		t.Fatal(err)
	}
	time.Sleep(torture.Pick(4*time.Second, 20*time.Second)) // this is what is measured, not a wait for something
	heard.await(t, "restarted three times", specs, func(st Status) bool { return st.Restarts >= 3 })
	own, shims = cpu(t, syscall.RUSAGE_SELF)-own, cpu(t, syscall.RUSAGE_CHILDREN)-shims
	restarts := 0
	for _, spec := range specs {
		restarts += heard.last(spec.Address).Restarts
	}
	elapsed := time.Since(began)
	for _, spec := range specs {
		if err := s.Remove(t.Context(), spec.Address); err != nil {
			t.Error(err)
		}
	}
	if most := loops * mostEnds(elapsed); restarts > most {
		t.Errorf("%d restarts in %v, want at most %d", restarts, elapsed, most)
	}
	share := percent(own, elapsed)
	if share >= 20 && !torture.RaceDetector {
		t.Errorf("the supervisor took %.1f %% of a core", share)
	}
	torture.Report(t, "T24", "%d crash loops for %.0f s, %d restarts: the supervisor took %.1f %% of a core; shims and apps %.1f %%",
		loops, elapsed.Seconds(), restarts, share, percent(shims, elapsed))
}

// mostEnds returns how often a unit can end in a time if every pause is the shortest.
func mostEnds(within time.Duration) int {
	ends := 0
	for at := time.Duration(0); at <= within; ends++ {
		at += pauses[min(ends, len(pauses)-1)] * 8 / 10
	}
	return ends
}

// cpu returns the processor time so far.
func cpu(t *testing.T, who int) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(who, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func percent(part, whole time.Duration) float64 { return 100 * part.Seconds() / whole.Seconds() }
