package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/router"
	"github.com/nsynapse/recipe/executor/supervisor"
)

// The router is a unit of its own, "router"; no stack has such a unit. When the agent is another build than the router that
// runs, it starts a second one, "router-2" or whatever number is free, which takes the listeners over. The first one
// ends when its connections have, and is forgotten then. Each has a directory below that of the router.

const (
	routerUnit = "router"
	processDir = "process"

	upgradeTimeout = time.Minute
)

// isRouterUnit reports whether a unit is a router.
func isRouterUnit(address string) bool {
	number, ok := strings.CutPrefix(address, routerUnit)
	return ok && (number == "" || strings.HasPrefix(number, "-") && !strings.Contains(number, "/"))
}

// suffix tells the nth router from the first one.
func suffix(n int) string {
	if n == 1 {
		return ""
	}
	return "-" + strconv.Itoa(n)
}

func (r *routes) spec(n int) supervisor.Spec {
	return supervisor.Spec{
		Address: routerUnit + suffix(n), Component: routerUnit + suffix(n), Dir: filepath.Join(r.dir, processDir+suffix(n)),
		Command: []string{r.agent.Program, "router", r.dir}, Env: []string{"PATH=/usr/bin:/bin"}, WorkDir: "/", UID: -1, GID: -1,
		Startup:      supervisor.Check{Probe: routerProbe{r.client}},
		SuccessCodes: []int{router.RetiredCode},
	}
}

// boot returns the routers that there are.
func (r *routes) boot() []supervisor.Spec {
	if _, err := os.Stat(r.dir); err != nil {
		return nil
	}
	r.started.Store(true)
	var specs []supervisor.Spec
	entries, _ := os.ReadDir(r.dir) // what cannot be read has no router
	for _, e := range entries {
		if n := r.number(e.Name()); n > 0 {
			specs = append(specs, r.spec(n))
		}
	}
	if specs == nil {
		specs = append(specs, r.spec(1))
	}
	return specs
}

// number is which router a directory belongs to, 0 for none.
func (r *routes) number(name string) int {
	for n := 1; n < 1000; n++ {
		if name == processDir+suffix(n) {
			return n
		}
	}
	return 0
}

// free is the number of a router that there is not.
func (r *routes) free() int {
	for n := 1; ; n++ {
		if _, err := os.Stat(filepath.Join(r.dir, processDir+suffix(n))); err != nil {
			return n
		}
	}
}

// upgrade has a router of another build give way to one of ours.
func (r *routes) upgrade() {
	if !r.started.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(r.agent.running, upgradeTimeout)
	defer cancel()
	stats, err := r.reach(ctx)
	if err == nil && stats.Build != r.agent.Build {
		err = r.change(ctx, stats)
	}
	if err != nil && r.agent.running.Err() == nil {
		fmt.Fprintf(r.agent.Log, "the router is not upgraded: %s\n", err)
	}
}

// reach waits for the router to answer.
func (r *routes) reach(ctx context.Context) (router.Stats, error) {
	for {
		stats, err := r.client.Stats(ctx)
		if err == nil || !errors.Is(err, router.ErrNoAnswer) {
			return stats, err
		}
		select {
		case <-ctx.Done():
			return stats, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (r *routes) change(ctx context.Context, before router.Stats) error {
	if before.Build == "" { // it is too old to hand anything over
		return r.agent.supervisor.Replace(ctx, r.spec(1))
	}
	spec := r.spec(r.free())
	spec.Startup = supervisor.Check{Probe: otherRouter{r.client, before.PID}}
	if err := r.agent.supervisor.Start(ctx, spec); err != nil {
		return err
	}
	r.send() // there may have been a table while they changed
	return nil
}

// unitChanged follows what becomes of a router.
func (r *routes) unitChanged(s supervisor.Status) {
	switch s.State {
	case supervisor.Finished:
		r.agent.background.Go(func() { r.forget(s.Address) })
	case supervisor.Ready:
		if r.sent.Load() { // it was started again, maybe without what was kept, or with an older table
			r.send()
		}
	default:
		r.holder.Await()
	}
}

// forget removes a router that has retired.
func (r *routes) forget(address string) {
	number := strings.TrimPrefix(address, routerUnit)
	err := r.agent.supervisor.Remove(r.agent.running, address)
	if err == nil {
		err = os.RemoveAll(filepath.Join(r.dir, processDir+number))
		r.send() // its end looked like that of the last one
	}
	if err != nil && r.agent.running.Err() == nil {
		fmt.Fprintf(r.agent.Log, "a router that has retired is not forgotten: %s\n", err)
	}
}

// routerProbe asks the router for its figures.
type routerProbe struct{ client *router.Client }

// Run implements supervisor.Probe.
func (p routerProbe) Run(ctx context.Context) error {
	_, err := p.client.Stats(ctx)
	return err
}

// otherRouter passes once another process than the one before answers.
type otherRouter struct {
	client *router.Client
	before int
}

// Run implements supervisor.Probe.
func (p otherRouter) Run(ctx context.Context) error {
	stats, err := p.client.Stats(ctx)
	if err == nil && stats.PID == p.before {
		err = errors.New("the router before still answers")
	}
	return err
}

// end stops all routers when nothing needs them any more.
func (r *routes) end(ctx context.Context) error {
	if !r.started.Load() {
		return nil
	}
	for _, s := range r.agent.supervisor.Statuses() {
		if isRouterUnit(s.Address) {
			if err := r.agent.supervisor.Remove(ctx, s.Address); err != nil {
				return err
			}
		}
	}
	r.started.Store(false)
	r.sent.Store(false)
	r.holder.End()
	return os.RemoveAll(r.dir)
}
