package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/planner/plan"
)

// errStopped is how a run ends that somebody stopped, or that could not be carried on.
var errStopped = errors.New("the run was stopped")

// undone is how a run ends that failed and was taken back.
type undone struct{ error }

// held is how a run ends that failed and was to stay where it is then.
type held struct{ error }

// follow shows a run of p as it goes; p is nil when another recipe began it. An interrupt makes the run stop soon; what is done by
// then stays. Another one leaves it alone. The context of lines goes on after the first.
func (r *runner) follow(ctx context.Context, client *agent.Client, stack string, p *plan.Plan, lines func(ctx context.Context, each func(agent.RunLine) error) error) error {
	view := r.newView(p)
	if r.tracer != nil && p != nil {
		view = tracedView{view, r.tracer}
	}
	following, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	interrupted := context.AfterFunc(ctx, func() {
		view.stopping()
		onSignal(following, leave)
		_ = client.StopRun(following, stack) // it may have ended meanwhile
	})
	defer interrupted()
	var result *agent.RunResult
	err := lines(following, func(line agent.RunLine) error {
		switch {
		case line.Begin != nil:
			view.begin(*line.Begin, p == nil)
		case line.Event != nil:
			view.event(*line.Event)
		case line.Result != nil:
			result = line.Result
		}
		return nil
	})
	view.end(result)
	if following.Err() != nil {
		return hinted{context.Canceled, "The run is being stopped; recipe apply follows that to its end, and does the rest."}
	}
	if err != nil && !errors.Is(err, agent.ErrBroken) {
		return err
	}
	if result == nil {
		return hinted{errors.New("the agent ended in the middle of the run"), "recipe apply finishes it."}
	}
	return r.conclude(ctx, result)
}

// conclude tells how a run ended.
func (r *runner) conclude(ctx context.Context, result *agent.RunResult) error {
	c := r.c
	if result.Error != "" {
		return hinted{errors.New(result.Error), sentences(result.Hint, "The run stays recorded; recipe apply goes on with it.")}
	}
	g := result.Generation
	switch g.Result {
	case "done":
		if !c.json {
			c.done(g.Action, g.Changes)
			c.printOutputs(result.Outputs)
		}
		if g.Error != "" {
			return hinted{fmt.Errorf("the outputs cannot be worked out: %s", g.Error), "All else is done, and the outputs are as they were. Mend them and apply again."}
		}
		return nil
	case "stopped":
		if ctx.Err() != nil {
			return hinted{ctx.Err(), "What was done by then stays, and recipe apply does the rest."}
		}
		if g.Held {
			return hinted{held{errors.New(g.Error)}, sentences(result.Hint, "What was done by then stays, since the component says on_failure = \"hold\". recipe apply goes on with it, and recipe rollback takes it back.")}
		}
		return hinted{errStopped, "What was done by then stays. recipe apply does the rest."}
	case "undone":
		return hinted{undone{errors.New(g.Error)}, sentences(result.Hint, "Everything that the run had changed was taken back.")}
	}
	return hinted{errors.New(g.Error), sentences(result.Hint, "Not all of it could be taken back: recipe plan shows what is left.")}
}

// sentences are a and b, of which a may be missing.
func sentences(a, b string) string { return strings.TrimSpace(a + " " + b) }

func (c *cli) done(action string, changes map[string]int) {
	if action == "destroy" {
		fmt.Fprintf(c.stdout, "\nDone: %s removed.\n", count(changes[string(plan.Remove)]+changes[string(plan.Forget)], "resource"))
		return
	}
	var parts []string
	for _, a := range []plan.Action{plan.Create, plan.Update, plan.Rolled, plan.Restart, plan.Backup, plan.Replace, plan.Remove, plan.Forget} {
		if n := changes[string(a)]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, past[a]))
		}
	}
	if parts == nil {
		parts = []string{"nothing had to be changed"}
	}
	fmt.Fprintf(c.stdout, "\nDone: %s.\n", strings.Join(parts, ", "))
}

var past = map[plan.Action]string{plan.Create: "created", plan.Update: "updated", plan.Rolled: "rolled", plan.Backup: "backed up", plan.Restart: "restarted", plan.Replace: "replaced", plan.Remove: "removed", plan.Forget: "forgotten"}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// stoppingText is told when the user wants a run to stop.
const stoppingText = "Stopping: what goes on is ended first. Ctrl-C again does not wait for that."

// onSignal has the next interruption call leave, in a goroutine of its own, unless ctx ends before.
func onSignal(ctx context.Context, leave func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer signal.Stop(signals)
		select {
		case <-signals:
			leave()
		case <-ctx.Done():
		}
	}()
}

// view shows a run.
type view interface {
	begin(b agent.RunBegin, joined bool) // joined: somebody else began it
	event(apply.Event)
	stopping() // the user wants the run to stop; it goes on until it has; may be called while the others are
	end(*agent.RunResult)
}

func (r *runner) newView(p *plan.Plan) view {
	switch {
	case r.c.json:
		return jsonView{r.c}
	case r.c.live:
		return newLiveView(r.c, p)
	}
	return newPlainView(r.c)
}
