package agent

import (
	"cmp"
	"context"
	"errors"
	"os"
	"time"

	"github.com/nsynapse/recipe/executor/bus"
	"github.com/nsynapse/recipe/executor/local"
	"github.com/nsynapse/recipe/executor/router"
	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/recipes"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/library"
)

// Checked is a stack that was looked at without an agent.
type Checked struct {
	Name        string
	Graph       *eval.Graph // nil with errors
	Diagnostics []diag.Diagnostic
}

// Check evaluates the stack at q.Path as far as it goes without running anything: no agent, no store, no state; in home
// only what a reader of registries has there and the known types of plugins are read. It works on every system.
func Check(ctx context.Context, home string, q PlanRequest) (c *Checked, err error) {
	defer garbage.late()()
	lib := library.New(recipes.FS, nil, registry.ReaderOf(home))
	w, err := read(ctx, lib, q, true)
	if err != nil {
		if w != nil && errors.Is(err, errDiagnosed) {
			return &Checked{Diagnostics: w.diagnostics()}, nil
		}
		return nil, err
	}
	work, err := os.MkdirTemp("", "recipe-check-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	var graph *eval.Graph
	var provider sdk.Provider
	if err = w.loosen(ctx, work); err == nil {
		graph, provider, err = w.evaluate(ctx, home, work)
	}
	if errors.Is(err, errDiagnosed) {
		return &Checked{Diagnostics: w.diagnostics()}, nil
	}
	if err != nil {
		return nil, err
	}
	c = &Checked{Name: w.input.Stack.Name}
	if graph != nil {
		_, diags := plan.Make(ctx, plan.Input{Graph: graph, State: state.New(c.Name, w.directory, ""), Provider: provider,
			ID: func(string) string { return "checked" }, Trust: true, Now: time.Time{}})
		w.diags = append(w.diags, diags...)
		if !diags.HasErrors() {
			c.Graph = graph
		}
	}
	c.Diagnostics = w.diagnostics()
	return c, nil
}

// loosen has the packages at hand without a store. What they need lies in work.
func (w *written) loosen(ctx context.Context, work string) error {
	packages, diags := w.source.Loose(ctx, w.input.Lock, w.local, work)
	w.diags = append(w.diags, diags...)
	w.input.Packages = packages
	return w.fail()
}

// evaluate makes the graph of packages that are at hand, nil with errors, and returns a provider that can be asked for schemas.
func (w *written) evaluate(ctx context.Context, home, work string) (*eval.Graph, sdk.Provider, error) {
	provider, err := schemas()
	if err == nil {
		provider, err = w.withPlugins(ctx, provider, home, work)
	}
	if err != nil {
		return nil, nil, err
	}
	library.Sources(w.input.Packages, w.sources)
	w.input.Types, w.input.Home, w.input.Owner, w.input.Program = provider.Schema().Types, "/recipe", -1, "/recipe/bin/recipe"
	graph, diags := eval.Make(ctx, w.input)
	w.diags = append(w.diags, diags...)
	return graph, provider, nil
}

// withPlugins is the box together with the plugins that the stack names, from where the user has them. They can be asked for
// their schemas. What is learnt of them is kept in home, if there is one. What comes from registries was got into work.
func (w *written) withPlugins(ctx context.Context, box sdk.Provider, home, work string) (sdk.Provider, error) {
	list, diags := usedBy(chosen{w.input.Stack, w.directory, w.input.Packages, w.input.Lock, func(i int) string {
		return cmp.Or(w.local[w.input.Lock.Packages[i].Origin].Directory(), library.LooseDir(work, i))
	}})
	w.diags = append(w.diags, diags...)
	if err := w.fail(); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return box, nil
	}
	if home == "" {
		var err error
		if home, err = os.MkdirTemp("", "recipe-check-"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(home)
	}
	h := newHosts(home, nil)
	defer h.close()
	all := []sdk.Provider{box}
	for i := range list {
		p, d := list[i].open(ctx, h, list[i].file, box)
		if d != nil {
			w.diags = append(w.diags, d)
			continue
		}
		if !list[i].executor { // whose instances are as those of the box
			all = append(all, p)
		}
	}
	if err := w.fail(); err != nil {
		return nil, err
	}
	return sdk.Union(all...)
}

// schemas is a provider that can only be asked for its schemas.
func schemas() (sdk.Provider, error) {
	return sdk.Union(builtin.New(builtin.Options{}), bus.Provider(), local.New(local.Options{}), router.NewEndpoints(nil, nil), router.NewRoutes(router.Addresses{}, nil))
}
