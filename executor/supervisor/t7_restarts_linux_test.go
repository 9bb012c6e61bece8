package supervisor

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/shim/protocol"
	"github.com/nsynapse/recipe/executor/torture"
)

// ends are the ways in which the apps of T7 end.
var ends = []string{"exit 3", "echo broken; exit 3", "kill -9 $$", "sleep 1000 & exit 3"}

// T7: real processes under real shims end and are restarted thousands of times; only the pauses are not waited for.
// Between two rests, at which every unit is stopped, nothing may have grown.
func TestT7Restarts(t *testing.T) {
	warmUp, restarts := torture.PickRaced(30, 60, 1000), torture.PickRaced(80, 250, 10_000)
	others := children(t) // what another test of this package left to the end of the program
	r := newRestarter(t, 8)
	r.restart(warmUp)
	before := measure(t, r.root)
	began := time.Now()
	r.restart(restarts)
	took := time.Since(began)
	after := measure(t, r.root)
	if !after.same(before) {
		t.Errorf("at rest there was\n%+v\nand after %d restarts there is\n%+v", before, restarts, after)
	}
	if got := slices.DeleteFunc(after.children, func(c string) bool { return slices.Contains(others, c) }); len(got) > 0 {
		t.Errorf("children: %v", got)
	}
	for _, spec := range r.specs {
		if left := protocol.Marked(spec.Dir); len(left) > 0 {
			t.Errorf("%s has left the processes %v", spec.Address, left)
		}
	}
	growth := after.resident - before.resident
	if growth >= 2048 && !torture.RaceDetector {
		t.Errorf("memory has grown by %d KiB", growth)
	}
	torture.Report(t, "T7", "%d restarts in %.1f s: 0 zombies, 0 processes left, descriptors %d, goroutines %d and files %d as before, memory %+d KiB of %d",
		restarts, took.Seconds(), after.descriptors, after.goroutines, len(after.files), growth, before.resident)
}

// A restarter lets units end until that was often enough.
type restarter struct {
	*Supervisor
	t     *testing.T
	root  string
	specs []Spec
	idle  int // goroutines without any unit

	mu     sync.Mutex
	count  map[string]int // of restarts, by address
	target int            // of all of them together
	enough chan struct{}  // closed at target
}

func newRestarter(t *testing.T, units int) *restarter {
	r := &restarter{t: t, root: t.TempDir()}
	r.Supervisor = New(Options{
		Shim: program(), Clock: &hurried{now: time.Unix(1_000_000, 0)}, OnChange: r.changed,
	})
	t.Cleanup(r.Close)
	r.idle = runtime.NumGoroutine()
	for i := range units {
		name := fmt.Sprint("a", i)
		r.specs = append(r.specs, Spec{
			Address: name, Component: name, Dir: filepath.Join(r.root, name), UID: -1, GID: -1,
			Command: []string{"/bin/sh", "-c", ends[i%len(ends)]}, Env: []string{"PATH=/usr/bin:/bin"},
			Log: shim.Log{MaxBytes: 16, Files: 2}, // so that each is there after the warm-up
		})
	}
	return r
}

// changed counts.
func (r *restarter) changed(s Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count[s.Address] = s.Restarts
	sum := 0
	for _, n := range r.count {
		sum += n
	}
	if sum >= r.target && r.enough != nil {
		close(r.enough)
		r.enough = nil
	}
}

// restart boots all units, lets them be restarted n times in all, and stops and forgets them.
func (r *restarter) restart(n int) {
	r.t.Helper()
	enough := make(chan struct{})
	r.mu.Lock()
	r.count, r.target, r.enough = map[string]int{}, n, enough
	r.mu.Unlock()
	if err := r.Boot(r.t.Context(), r.specs); err != nil {
		r.t.Fatal(err)
	}
	select {
	case <-enough:
	case <-time.After(10 * time.Minute):
		r.t.Fatalf("stuck: %+v", r.Statuses())
	}
	for _, spec := range r.specs {
		if err := r.Remove(r.t.Context(), spec.Address); err != nil {
			r.t.Error(err)
		}
	}
	r.rest()
}

// rest gives up the shim of a start to come, and waits for the goroutines that watched processes: they close what they hold
// after they have told of the end.
func (r *restarter) rest() {
	r.t.Helper()
	r.stock.work.Wait()
	r.stock.drop()
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > r.idle; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("%d goroutines, want %d", runtime.NumGoroutine(), r.idle)
		}
	}
}
