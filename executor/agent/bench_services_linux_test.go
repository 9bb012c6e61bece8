package agent

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/planner/dag"
)

// fleet is services to be brought up: each needs the one that many places before it.
type fleet struct {
	name  string
	count int
	step  int
}

var fleets = []fleet{{"50 in a chain", 50, 1}, {"200 in 5 levels", 200, 40}}

func (f fleet) references(i int) []int {
	if i < f.step {
		return nil
	}
	return []int{i - f.step}
}

// BenchmarkServices brings services up through a whole apply: plan, journal, shims, probes and router. Beside it the
// floor, the same processes started and probed with nothing else, and supervisord, which starts all of them at once.
func BenchmarkServices(b *testing.B) {
	bin := programs(b)
	for _, f := range fleets {
		b.Run(f.name, func(b *testing.B) {
			stack := writeStack(b, shape{f.name, f.references}, f.count)
			recipe := strings.Replace(serviceRecipe, "${package.path}/service", filepath.Join(bin, "service"), 1)
			if err := os.WriteFile(filepath.Join(stack, "service", "recipe.hcl"), []byte(recipe), 0o644); err != nil {
				b.Fatal(err)
			}
			var floors, ups, downs, peerUps, peerDowns []measure
			for b.Loop() {
				if up, down, ok := f.peer(b, bin); ok {
					peerUps, peerDowns = append(peerUps, measure{Wall: up}), append(peerDowns, measure{Wall: down})
				}
				floors = append(floors, measure{Wall: f.floor(b, bin)})
				all := child(b, order{Work: "services", Stack: stack, Home: newHome(b), Bin: bin})
				ups, downs = append(ups, all), append(downs, measure{Wall: all.Down})
			}
			wall := func(m measure) float64 { return float64(m.Wall) }
			ms := func(of []measure) float64 { return median(of, wall) / float64(time.Millisecond) }
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ms(ups), "up-ms")
			b.ReportMetric(ms(floors), "floor-ms")
			b.ReportMetric(ms(ups)/ms(floors), "x-floor")
			b.ReportMetric(median(ups, func(m measure) float64 { return float64(m.Wall) / float64(m.Critical) }), "x-critical-path")
			b.ReportMetric(ms(downs), "destroy-ms")
			if len(peerUps) > 0 {
				b.ReportMetric(ms(peerUps), "supervisord-up-ms")
				b.ReportMetric(ms(peerDowns), "supervisord-down-ms")
			} else {
				b.Log("supervisord is not installed (apt install supervisor), and so not measured beside it")
			}
			b.ReportMetric(median(ups, func(m measure) float64 { return float64(m.Resident) })/(1<<20), "agent-MiB")
		})
	}
}

// programs builds recipe, its shim and the service where others can run them.
func programs(b *testing.B) string {
	b.Helper()
	bin := newHome(b)
	out, err := exec.Command("go", "build", "-o", bin+"/", "../../cmd/...", "./testdata/service").CombinedOutput()
	if err != nil {
		b.Fatalf("%s\n%s", err, out)
	}
	return bin
}

// floor starts the services level by level and connects to each, as often as the supervisor would.
func (f fleet) floor(b *testing.B, bin string) time.Duration {
	var mu sync.Mutex
	var started []*exec.Cmd
	began := time.Now()
	for first := 0; first < f.count; first += f.step {
		var group sync.WaitGroup
		for i := first; i < min(first+f.step, f.count); i++ {
			group.Go(func() {
				port := strconv.Itoa(firstPort + i)
				cmd := exec.Command(filepath.Join(bin, "service"))
				cmd.Env = append(os.Environ(), "PORT="+port)
				if err := cmd.Start(); err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				started = append(started, cmd)
				mu.Unlock()
				for pause := time.Millisecond; ; pause *= 2 {
					if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
						c.Close()
						return
					}
					time.Sleep(pause)
				}
			})
		}
		group.Wait()
	}
	took := time.Since(began)
	for _, cmd := range started {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	return took
}

// services applies the stack with a real agent and takes it down again.
func (o order) services(ctx context.Context) (measure, error) {
	a, err := New(Options{Home: o.Home, Program: filepath.Join(o.Bin, "recipe"), Shim: []string{filepath.Join(o.Bin, "recipe-shim")}, Log: io.Discard})
	if err != nil {
		return measure{}, err
	}
	defer a.Close()
	if err := a.Start(); err != nil {
		return measure{}, err
	}
	m, err := a.bring(ctx, PlanRequest{Path: o.Stack})
	debug.FreeOSMemory() // as the agent does itself after a run, in the background
	m.Resident = resident()
	down, downErr := a.bring(ctx, PlanRequest{Stack: "bench", Destroy: true})
	m.Down = down.Wall
	if err == nil {
		err = downErr
	}
	a.idle(ctx) // ends the router
	return m, err
}

// bring plans, and measures carrying the plan out.
func (a *Agent) bring(ctx context.Context, q PlanRequest) (measure, error) {
	answer, err := a.plan(ctx, q)
	if err != nil {
		return measure{}, err
	}
	if answer.Plan == nil {
		return measure{}, fmt.Errorf("not planned: %v", answer.Diagnostics)
	}
	var n *news
	m, err := timed(func() (err error) {
		if n, err = a.begin(ApplyRequest{Plan: answer.Plan}, nil); err == nil {
			err = n.follow(ctx, func(RunLine) error { return nil })
		}
		return err
	})
	if err != nil {
		return m, err
	}
	lines := n.after(0)
	m.Resources = lines[0].Begin.Tasks
	if last := lines[len(lines)-1].Result; last == nil || last.Error != "" || last.Generation.Result != "done" {
		return m, fmt.Errorf("the run ended with %+v", last)
	}
	m.Critical, err = critical(answer.Plan, lines)
	return m, err
}

// critical is how long the chain of tasks took that took longest: in no order could they be done sooner.
func critical(signed *SignedPlan, lines []numbered) (time.Duration, error) {
	p, err := signed.Decode()
	if err != nil {
		return 0, err
	}
	took := map[string]int64{}
	for _, l := range lines {
		if l.Event != nil && l.Event.Phase == apply.Completed {
			took[l.Event.Addr] = int64(l.Event.Took)
		}
	}
	needs := make([][]int32, len(p.Changes))
	for i := range p.Changes {
		needs[i] = p.Changes[i].Needs
	}
	g := dag.New(needs)
	order, _ := g.Order() // a plan has no cycle
	_, total := g.CriticalPath(order, func(i int32) int64 { return took[p.Changes[i].Addr.String()] })
	return time.Duration(total), nil
}

// resident is how many bytes this process has in memory.
func resident() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.ParseUint(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}
