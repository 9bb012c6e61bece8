package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// order tells a child process what to do once and measure. Each measurement has a process of its own: what one leaves
// behind for the garbage collector does not burden the next, and its peak memory is its own.
type order struct {
	Work   string // "floor", "validate", "plan", "no-op plan", "apply" or "services"
	Stack  string // directory
	Home   string
	Bin    string // where the programs are, for services
	Answer string // file that takes the measure
}

// measure is what one piece of work took.
type measure struct {
	CPU       time.Duration // user and system, all threads
	Wall      time.Duration
	Allocated uint64        // bytes in all
	Peak      uint64        // bytes resident, of the whole process
	Resources int           // planned or applied
	Down      time.Duration // to destroy services
	Resident  uint64        // bytes, when the services were up
	Critical  time.Duration // of the chain of tasks that took longest, each as long as it was measured
}

const orderVariable = "RECIPE_BENCH_ORDER"

// child carries o out in a process of its own.
func child(tb testing.TB, o order) measure {
	tb.Helper()
	o.Answer = filepath.Join(tb.TempDir(), "answer")
	encoded, err := json.Marshal(o)
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), orderVariable+"="+string(encoded))
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %s\n%s", o.Work, err, out)
	}
	var m measure
	answer, err := os.ReadFile(o.Answer)
	if err == nil {
		err = json.Unmarshal(answer, &m)
	}
	if err != nil {
		tb.Fatal(err)
	}
	m.Peak = uint64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) << 10
	return m
}

// TestChild is the child's side.
func TestChild(t *testing.T) {
	text, ok := os.LookupEnv(orderVariable)
	if !ok {
		t.Skip("only for the processes that the benchmarks start")
	}
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	m, err := o.carryOut(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.Answer, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (o order) carryOut(ctx context.Context) (measure, error) {
	q := PlanRequest{Path: o.Stack}
	switch o.Work {
	case "floor":
		return timed(func() error { return floor(o.Stack) })
	case "validate":
		return timed(func() error {
			checked, err := Check(ctx, o.Stack, q)
			if err == nil && checked.Graph == nil {
				err = fmt.Errorf("not valid: %v", checked.Diagnostics)
			}
			return err
		})
	}
	if o.Work == "services" {
		return o.services(ctx)
	}
	a, err := New(Options{Home: o.Home, Program: "/recipe"})
	if err != nil {
		return measure{}, err
	}
	defer a.Close()
	a.provider = trivial{a.provider.Schema()}
	switch o.Work {
	case "plan":
		return planned(ctx, a, q, false)
	case "no-op plan":
		// An agent has its states in memory; reading them is not a part of a plan.
		if _, err := a.open("bench", ""); err != nil {
			return measure{}, err
		}
		return planned(ctx, a, q, true)
	case "apply":
		return a.bring(ctx, q)
	}
	return measure{}, fmt.Errorf("there is no work called %s", o.Work)
}

// planned measures making a plan and encoding it, as the agent does for a client.
func planned(ctx context.Context, a *Agent, q PlanRequest, empty bool) (measure, error) {
	var answer *PlanAnswer
	m, err := timed(func() (err error) {
		answer, err = a.plan(ctx, q)
		return err
	})
	if err != nil {
		return m, err
	}
	if answer.Plan == nil {
		return m, fmt.Errorf("not planned: %v", answer.Diagnostics)
	}
	p, err := answer.Plan.Decode()
	if err != nil {
		return m, err
	}
	if p.Empty() != empty {
		return m, fmt.Errorf("a plan of %v", p.Count())
	}
	m.Resources = p.Kept + len(p.Changes)
	return m, nil
}

// timed measures do.
func timed(do func() error) (measure, error) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, wall := processTime(), time.Now()
	err := do()
	m := measure{CPU: processTime() - cpu, Wall: time.Since(wall)}
	runtime.ReadMemStats(&after)
	m.Allocated = after.TotalAlloc - before.TotalAlloc
	return m, err
}

// processTime is the CPU time of this process so far.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
