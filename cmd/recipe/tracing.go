package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/otlp"
	"github.com/nsynapse/recipe/planner/plan"
)

// A tracer makes a trace of one run: a span for the run, and below it one for each task, with links to those that it waited for.
type tracer struct {
	exporter *otlp.Exporter // nil if spans are only passed on
	parent   otlp.Context   // of whoever has called us; zero without
	run      otlp.Context
	begun    time.Time
	stack    string
	needs    map[string][]otlp.Context // by address
	open     map[string]time.Time      // by address, of what goes on
	spans    []otlp.Span
}

// tracer returns one for a run of p, or nil if nobody wants to know.
func (c *cli) tracer(p *plan.Plan) (*tracer, error) {
	exporter, err := otlp.FromEnv(c.getenv, version)
	if err != nil {
		return nil, err
	}
	t := &tracer{exporter: exporter, parent: otlp.Parse(c.getenv("TRACEPARENT")), begun: time.Now(), stack: p.Stack,
		open: map[string]time.Time{}}
	if exporter == nil && !t.parent.Valid() {
		return nil, nil
	}
	t.run = t.parent.Begin()
	t.needs = needsOf(p, t.run)
	return t, nil
}

// needsOf is what each task waits for, by address. Changes that do nothing only carry the order of others: what they wait for
// takes their place.
func needsOf(p *plan.Plan, run otlp.Context) map[string][]otlp.Context {
	before := make([][]int32, len(p.Changes))
	needs := map[string][]otlp.Context{}
	for i := range p.Changes { // needs come first
		for _, need := range p.Changes[i].Needs {
			if p.Changes[need].Does() {
				before[i] = append(before[i], need)
			} else {
				before[i] = append(before[i], before[need]...)
			}
		}
		slices.Sort(before[i])
		before[i] = slices.Compact(before[i])
		if !p.Changes[i].Does() {
			continue
		}
		address := p.Changes[i].Addr.String()
		for _, need := range before[i] {
			needs[address] = append(needs[address], run.Part(p.Changes[need].Addr.String()))
		}
	}
	return needs
}

// event takes in what happens to a task.
func (t *tracer) event(e apply.Event) {
	name := e.Addr
	if e.Phase == apply.UndoStart || e.Phase == apply.UndoDone {
		name = apply.UndoPart(name)
	}
	switch e.Phase {
	case apply.Started, apply.UndoStart:
		t.open[name] = e.Time
	case apply.Completed, apply.Errored, apply.UndoDone:
		t.task(name, e)
	}
}

func (t *tracer) task(name string, e apply.Event) {
	if _, undoing := t.open[apply.UndoPart(e.Addr)]; undoing {
		name = apply.UndoPart(e.Addr)
	}
	begun, ok := t.open[name]
	if !ok {
		begun = e.Time.Add(-e.Took)
	}
	delete(t.open, name)
	s := otlp.Span{Context: t.run.Part(name), Parent: t.run, Name: string(e.Action) + " " + e.Addr, Begin: begun, End: e.Time, Error: e.Error,
		Attributes: map[string]string{"recipe.stack": t.stack, "recipe.address": e.Addr, "recipe.type": e.Type, "recipe.action": string(e.Action)}}
	if name == e.Addr {
		s.Links = t.needs[e.Addr]
	} else {
		s.Name = "undo " + s.Name
	}
	t.spans = append(t.spans, s)
}

// end ends the trace of the run and sends it. That it cannot be sent is told, and is no failure of the run.
func (t *tracer) end(ctx context.Context, c *cli, failed error) {
	if t.exporter == nil || !t.run.Sampled {
		return
	}
	s := otlp.Span{Context: t.run, Parent: t.parent, Name: "recipe apply " + t.stack, Begin: t.begun, End: time.Now(), Attributes: map[string]string{"recipe.stack": t.stack}}
	if failed != nil {
		s.Error = failed.Error()
	}
	if err := t.exporter.Export(context.WithoutCancel(ctx), append(t.spans, s)); err != nil {
		fmt.Fprintln(c.stderr, err)
	}
}

// tracedView is a view whose events a tracer hears as well.
type tracedView struct {
	view
	tracer *tracer
}

func (v tracedView) event(e apply.Event) {
	v.tracer.event(e)
	v.view.event(e)
}

var _ view = tracedView{}

// traced carries out a plan, with a trace if one is wanted.
func (r *runner) traced(ctx context.Context, client *agent.Client, signed *agent.SignedPlan, p *plan.Plan) error {
	t, err := r.c.tracer(p)
	if err != nil {
		return err
	}
	q := agent.ApplyRequest{Plan: signed, Parallel: r.parallel}
	if t != nil {
		r.tracer = t
		q.Trace = t.run.String()
	}
	err = r.follow(ctx, client, p.Stack, p, func(ctx context.Context, each func(agent.RunLine) error) error {
		return client.Apply(ctx, q, each)
	})
	if t != nil {
		t.end(ctx, r.c, err)
	}
	return err
}
