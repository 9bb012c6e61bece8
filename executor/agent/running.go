package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/local"
	"github.com/nsynapse/recipe/executor/otlp"
	"github.com/nsynapse/recipe/executor/vault"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// begin records a run of the plan and carries it out in the background.
func (a *Agent) begin(q ApplyRequest, client *apply.Client) (*news, error) {
	a.collecting.RLock()
	defer a.collecting.RUnlock()
	p, err := a.verify(q.Plan)
	if err != nil {
		return nil, err
	}
	s, err := a.find(p.Stack)
	if err != nil {
		return nil, err
	}
	if err := s.book.Fits(p); err != nil { // without waiting for the one that is just beginning
		return nil, refused(err)
	}
	s.beginning.Lock()
	defer s.beginning.Unlock()
	if err := s.notSaving(); err != nil {
		return nil, err
	}
	if p.Empty() && !p.Destroy { // of a destroy even the empty stack is forgotten
		return s.idle(p, client)
	}
	if err := a.sound(a.running, s, p); err != nil {
		return nil, err
	}
	if err := s.book.BeginBy(client, p, time.Now().UTC()); err != nil {
		return nil, refused(err)
	}
	return a.carry(s, otlp.Parse(q.Trace), q.Parallel, false)
}

// idle is the news of a plan without changes: there is no run, and its generation is the last one still, done.
func (s *stack) idle(p *plan.Plan, by *apply.Client) (*news, error) {
	if err := s.book.Fits(p); err != nil {
		return nil, refused(err)
	}
	now, recorded := time.Now().UTC(), s.book.Copy()
	g := state.Generation{Time: now, Action: "apply", Result: "done", Changes: map[string]int{}}
	if n := len(recorded.Generations); n > 0 {
		g.Number = recorded.Generations[n-1].Number
	}
	n := newNews(RunBegin{Stack: s.name, Started: now, By: by})
	n.end(RunResult{Generation: g, Outputs: outputInfos(recorded.Outputs, s.reveal, "")})
	return n, nil
}

// refused is the Problem of a run that could not begin.
func refused(err error) error {
	switch {
	case errors.Is(err, apply.ErrBusy):
		return &Problem{Message: err.Error(), Kind: "busy", Hint: "Watch it with recipe apply, which joins the run under way."}
	case errors.Is(err, apply.ErrStale):
		return &Problem{Message: err.Error(), Kind: "stale"}
	}
	return err
}

// carry brings the recorded run of s to its end in the background and returns its news. The caller holds s.beginning, or
// is alone. trace is the span of the run, if somebody traces it: what runs in it is told. It is not kept over the end of the agent.
func (a *Agent) carry(s *stack, trace otlp.Context, parallel int, resumed bool) (*news, error) {
	var p *plan.Plan
	begin := RunBegin{Stack: s.name, Resumed: resumed}
	s.book.View(func(_ *state.State, r *apply.Run) {
		p, begin.Started, begin.By = r.Plan, r.Started, r.By
		for i := range p.Changes {
			if p.Changes[i].Does() {
				begin.Tasks++
			}
		}
	})
	begin.Destroy = p.Destroy
	provider, err := a.withPlugins(a.running, p.Plugins)
	var graph *eval.Graph
	if err == nil {
		graph, err = a.graphOf(a.running, s, p, provider)
	} else {
		provider = a.provider
	}
	if err != nil {
		// What the plan was made from is gone. What is done stays; the next plan does the rest, from what is there then.
		if err := s.book.Stop(fmt.Sprintf("the run cannot be carried on: %s", err)); err != nil {
			return nil, err
		}
	}
	n := newNews(begin)
	a.events.add(Event{Time: time.Now(), Type: "run", Stack: s.name, State: "began"})
	ctx, cancel := context.WithCancel(a.running)
	s.mu.Lock()
	s.news, s.cancel, s.carrying = n, cancel, true
	s.mu.Unlock()
	backup := func(ctx context.Context, at addr.Instance, v cty.Value, report sdk.Report) error {
		_, err := a.takeBackup(ctx, s.name, at, v, report)
		return err
	}
	engine := &apply.Engine{Trace: trace, Backup: backup, Book: s.book, Graph: graph, Provider: provider, Seal: s.seal, Mark: s.vault.Mark, Open: s.reveal, ID: s.idOf, Parallel: parallel, Events: n.event}
	a.background.Go(func() {
		defer cancel()
		result := a.finish(ctx, s, engine)
		s.mu.Lock()
		s.carrying = false
		s.mu.Unlock()
		ended := runEvent(s.name, result)
		a.runs.count(s.name, ended.State)
		a.events.add(ended)
		n.end(result)
		a.background.Go(debug.FreeOSMemory) // what plan and run took is more than the agent needs from here on
	})
	return n, nil
}

// finish carries the engine's run out, tidies up after it and tells how it went.
func (a *Agent) finish(ctx context.Context, s *stack, engine *apply.Engine) RunResult {
	result, err := engine.Carry(ctx)
	if err != nil && ctx.Err() != nil && a.running.Err() == nil {
		// Stopped by the user: what is done stays.
		result, err = engine.Carry(a.running)
	}
	if err != nil {
		fmt.Fprintf(a.Log, "the run of stack %s stopped: %s\n", s.name, err)
		return RunResult{Error: err.Error(), Hint: lackHint(err.Error())}
	}
	if err := a.tidy(s); err != nil {
		fmt.Fprintf(a.Log, "tidying up after the run of stack %s: %s\n", s.name, err)
	}
	return RunResult{Generation: result.Generation, Hint: lackHint(result.Generation.Error), Outputs: outputInfos(result.Outputs, s.reveal, "")}
}

// tidy deletes what the run moved aside and the secrets that nothing refers to any more.
func (a *Agent) tidy(s *stack) error {
	if s.empty() {
		return errors.Join(local.Purge(s.dir), a.forget(s))
	}
	return a.sweep(s)
}

// sweep is tidy for a stack that stays.
func (a *Agent) sweep(s *stack) error {
	s.beginning.Lock() // what the next run moves aside is not ours to delete
	defer s.beginning.Unlock()
	keep, busy := map[vault.ID]bool{}, false
	s.book.View(func(st *state.State, r *apply.Run) {
		busy = r != nil
		for _, o := range st.Objects {
			keepSecrets(o.Value, keep)
		}
		for _, o := range st.Outputs {
			keepSecrets(o.Value, keep)
		}
		for i := range st.Generations { // any of them can be gone back to
			for _, v := range st.Generations[i].Variables {
				keepSecrets(v, keep)
			}
		}
	})
	if busy {
		return nil // the next run has begun already, and will sweep behind itself
	}
	return errors.Join(local.Purge(s.dir), s.vault.Keep(keep))
}

// keepSecrets collects the secrets that a kept value refers to.
func keepSecrets(encoded []byte, keep map[vault.ID]bool) {
	for _, name := range state.Secrets(encoded) {
		if id, err := vault.ParseID(name); err == nil {
			keep[id] = true
		}
	}
}

// stopRun makes the run under way end where it is.
func (s *stack) stopRun() error {
	s.beginning.Lock() // one that is just beginning cannot be cancelled yet
	defer s.beginning.Unlock()
	if !s.underWay() {
		return &Problem{Message: fmt.Sprintf("no run of %s is under way", s.name), Kind: "not-found"}
	}
	if err := s.book.Stop("stopped by the user"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel()
	return nil
}

// outputInfos are outputs for clients; reveal is the name of the one sensitive output to show in clear, "" for none.
func outputInfos(outputs map[string]state.Output, open state.Open, reveal string) map[string]OutputInfo {
	infos := map[string]OutputInfo{}
	for name, o := range outputs {
		info := OutputInfo{Sensitive: o.Sensitive, Text: "(sensitive)", Value: json.RawMessage("null")}
		v, err := o.Decode(open)
		if err == nil && (!v.ContainsMarked() || name == reveal) {
			v, _ = v.UnmarkDeep()
			info.Text = plainText(v)
			info.Value, err = state.Encode(v, nil)
		}
		if err != nil {
			info.Text = err.Error()
		}
		infos[name] = info
	}
	return infos
}

// plainText is a string as it is, anything else as JSON.
func plainText(v cty.Value) string {
	if v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
		return v.AsString()
	}
	encoded, err := state.Encode(v, nil)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}
