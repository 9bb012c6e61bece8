package supervisor

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
)

const loops = 20 // crash loops at once, in every part of T24

// T24: real processes end at once, again and again. The clock is that of a bubble: it goes on only when nothing runs,
// so that every pause can be measured to the nanosecond.
func TestT24Loops(t *testing.T) {
	random := torture.Random(t)
	simulated := torture.PickRaced(2*time.Minute, 5*time.Minute, 2*time.Hour)
	var heard news
	root := t.TempDir()
	var lives map[string][]Status
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Shim: program(), Rand: thirds(random), OnChange: heard.add})
		defer s.Close()
		specs := crashing(root)
		if err := s.Boot(t.Context(), specs); err != nil {
			t.Fatal(err)
		}
		time.Sleep(simulated)
		lives = heard.all()
		for _, spec := range specs { // else a shim still writes into a directory that the test takes away
			if err := s.Remove(t.Context(), spec.Address); err != nil {
				t.Error(err)
			}
		}
	})
	restarts := 0
	for address, all := range lives {
		restarts += checkPauses(t, address, all, simulated)
	}
	if len(lives) != loops {
		t.Errorf("%d units, want %d", len(lives), loops)
	}
	torture.Report(t, "T24", "%d crash loops over %v: all %d pauses exact, none given up", loops, simulated, restarts)
}

// thirds returns the least, the middle and the greatest jitter as r has it.
func thirds(r *rand.Rand) func() float64 {
	var mu sync.Mutex
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return float64(r.IntN(3)) / 2
	}
}

// crashing returns units that end as soon as they run.
func crashing(root string) []Spec {
	var specs []Spec
	for i := range loops {
		name := fmt.Sprint("a", i)
		specs = append(specs, Spec{
			Address: name, Component: name, Dir: filepath.Join(root, name), UID: -1, GID: -1,
			Command: []string{"/bin/sh", "-c", "exit 3"},
		})
	}
	return specs
}

// pauses are those after the ends in a row; the last goes on for ever.
var pauses = []time.Duration{0, 500e6, 1e9, 2e9, 4e9, 8e9, 16e9, 32e9, 60e9}

// checkPauses goes through the life of one unit that did nothing but end, and returns how often it was restarted.
func checkPauses(t *testing.T, address string, all []Status, lived time.Duration) int {
	t.Helper()
	restarts := 0
	var began, last time.Time
	for i, s := range all {
		switch {
		case i == 0:
			began = s.Since
		case s.State == Starting:
			checkPause(t, address, restarts, s.Since.Sub(all[i-1].Since))
			restarts++
		case s.State != pauseState(restarts+1):
			t.Errorf("%s is %v after end %d", address, s.State, restarts+1)
		}
		last = s.Since
	}
	if silent := lived - last.Sub(began); silent > 72*time.Second {
		t.Errorf("%s was given up %v before the end", address, silent)
	}
	return restarts
}

// checkPause demands one of the three pauses that thirds allows, to the microsecond for the sake of floating point.
func checkPause(t *testing.T, address string, number int, pause time.Duration) {
	t.Helper()
	nominal := pauses[min(number, len(pauses)-1)]
	for _, want := range []time.Duration{nominal * 8 / 10, nominal, nominal * 12 / 10} {
		if (pause - want).Abs() <= time.Microsecond {
			return
		}
	}
	t.Errorf("%s: restart %d came after %v, want %v ± 20 %%", address, number+1, pause, nominal)
}

// pauseState is the state after so many ends within seconds.
func pauseState(ends int) State {
	if ends < loopExits {
		return Backoff
	}
	return CrashLoop
}
