package agent

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/registry/library"
)

// errDiagnosed means that the diagnostics say it all.
var errDiagnosed = errors.New("see the diagnostics")

// plan makes a plan from what the user wrote and what is there.
func (a *Agent) plan(ctx context.Context, q PlanRequest) (*PlanAnswer, error) {
	a.collecting.RLock()
	defer a.collecting.RUnlock()
	defer garbage.late()()
	if q.Path == "" {
		s, err := a.find(q.Stack)
		if err != nil {
			return nil, err
		}
		if q.Kept != nil {
			return a.planKept(ctx, s, q)
		}
		return a.planRemoval(ctx, s, q)
	}
	w, err := a.written(ctx, q)
	if err != nil {
		if w != nil && errors.Is(err, errDiagnosed) {
			return &PlanAnswer{Diagnostics: w.diagnostics()}, nil
		}
		return nil, err
	}
	if q.Destroy {
		return a.planRemoval(ctx, w.stack, q)
	}
	w.stack.book.View(func(s *state.State, _ *apply.Run) { w.input.Second = plan.Second(s) })
	graph, diags := eval.Make(ctx, w.input)
	w.diags = append(w.diags, diags...)
	if diags.HasErrors() {
		return &PlanAnswer{Diagnostics: w.diagnostics()}, nil
	}
	if q.Import != nil {
		if graph, err = w.importing(ctx, graph, q.Import); err != nil {
			return nil, err
		}
		q.Targets = slices.Collect(maps.Keys(w.input.Import))
	}
	in, err := a.planInput(ctx, w.stack, graph, q, w.plugins)
	if err != nil {
		return nil, err
	}
	if in.Settle = a.lockOS(ctx, w, graph, q); w.fail() != nil {
		return &PlanAnswer{Diagnostics: w.diagnostics()}, nil
	}
	p, diags := plan.Make(ctx, in)
	w.diags = append(w.diags, diags...)
	if diags.HasErrors() {
		return &PlanAnswer{Diagnostics: w.diagnostics()}, nil
	}
	w.diags = append(w.diags, a.unenforced(p)...)
	p.Lock, p.Tree, p.Plugins, p.Import = w.input.Lock, w.tree, w.plugins, w.input.Import
	if in.Settle != nil {
		p.OSPackages = osText(w.locked)
	}
	if p.Variables, err = sealVariables(w.input.Variables, w.stack); err != nil {
		return nil, err
	}
	answer, err := a.answer(p, w.diagnostics())
	if err == nil {
		answer.Lock = w.toLock()
	}
	return answer, err
}

func (a *Agent) planInput(ctx context.Context, s *stack, graph *eval.Graph, q PlanRequest, plugins []state.Plugin) (plan.Input, error) {
	provider, err := a.withPlugins(ctx, plugins)
	return plan.Input{Graph: graph, State: s.book.Copy(), Provider: provider, Seal: s.seal, Open: s.reveal, ID: s.idOf,
		Targets: q.Targets, Replace: q.Replace, Trust: q.Trust, NoBackup: q.NoBackup, Now: time.Now().UTC()}, err
}

func (a *Agent) planRemoval(ctx context.Context, s *stack, q PlanRequest) (*PlanAnswer, error) {
	plugins := s.book.Copy().Plugins
	in, err := a.planInput(ctx, s, nil, q, plugins)
	if err != nil {
		return nil, err
	}
	p, diags := plan.Make(ctx, in)
	answer := diag.From(diags, nil)
	if diags.HasErrors() {
		return &PlanAnswer{Diagnostics: answer}, nil
	}
	p.Plugins = plugins
	return a.answer(p, answer)
}

func (a *Agent) answer(p *plan.Plan, diags []diag.Diagnostic) (*PlanAnswer, error) {
	encoded, err := plan.Encode(p)
	if err != nil {
		return nil, fmt.Errorf("internal error: cannot encode the plan: %w", err)
	}
	return &PlanAnswer{Plan: &SignedPlan{Plan: encoded, Signature: a.sign(encoded)}, Diagnostics: diags}, nil
}

// sign makes a plan recognisable as this agent's and as unchanged.
func (a *Agent) sign(encoded []byte) string {
	mac := hmac.New(sha256.New, a.planKey)
	mac.Write(encoded)
	return hex.EncodeToString(mac.Sum(nil))
}

// verify reads a plan that comes back from a client.
func (a *Agent) verify(s *SignedPlan) (*plan.Plan, error) {
	if s == nil {
		return nil, &Problem{Message: "there is no plan in the request"}
	}
	if !hmac.Equal([]byte(a.sign(s.Plan)), []byte(s.Signature)) {
		return nil, &Problem{Kind: "stale", Message: "the plan was changed, or made by the agent of another RECIPE_HOME",
			Hint: "Make a new one with recipe plan -out=FILE."}
	}
	return s.Decode()
}

// written loads, resolves and keeps everything that a plan of the stack at q.Path needs.
func (a *Agent) written(ctx context.Context, q PlanRequest) (*written, error) {
	w, err := read(ctx, a.library, q, false)
	if err != nil {
		return w, err
	}
	lock := w.input.Lock
	for i := range lock.Packages {
		key, err := w.source.Put(ctx, lock.Packages[i], w.local)
		if err != nil {
			return w, err
		}
		lock.Packages[i].Digest = key
	}
	packages, diags := a.library.Open(ctx, lock)
	w.diags = append(w.diags, diags...)
	library.Sources(packages, w.sources)
	if err := w.fail(); err != nil {
		return w, err
	}
	if w.tree, err = a.keepTree(ctx, w.input.Stack); err != nil {
		return w, err
	}
	if w.stack, err = a.sameDirectory(w.input.Stack.Name, w.directory); err != nil {
		return w, err
	}
	provider, err := a.wantedPlugins(ctx, w, packages)
	if err != nil {
		return w, err
	}
	w.input = a.evalInput(w.input.Stack, lock, packages, w.input.Variables, provider)
	return w, nil
}

// wantedPlugins returns all types that the stack may use, and keeps the plugins that some come from.
func (a *Agent) wantedPlugins(ctx context.Context, w *written, packages []eval.Package) (sdk.Provider, error) {
	list, diags := usedBy(chosen{w.input.Stack, w.directory, packages, w.input.Lock, func(i int) string { return packages[i].Path }})
	w.diags = append(w.diags, diags...)
	wanted, diags := a.keepPlugins(ctx, list)
	w.diags = append(w.diags, diags...)
	if err := w.fail(); err != nil {
		return nil, err
	}
	known := w.stack.book.Copy()
	if d := sameExecutor(known, w.input.Stack, wanted); d != nil {
		w.diags = append(w.diags, d)
		return nil, errDiagnosed
	}
	w.plugins = merged(wanted, known.Plugins)
	return a.withPlugins(ctx, wanted)
}

func (a *Agent) evalInput(s *config.Stack, lock *solve.Lock, packages []eval.Package, values map[string]cty.Value, provider sdk.Provider) eval.Input {
	return eval.Input{Stack: s, Lock: lock, Packages: packages, Variables: values, Types: provider.Schema().Types,
		Home: a.Home, Owner: a.owner, Program: a.program}
}

// sameDirectory opens a stack, which is known by its name and the directory it was first applied from.
func (a *Agent) sameDirectory(name, directory string) (*stack, error) {
	s, err := a.open(name, directory)
	if err == nil {
		s, err = a.mend(s)
	}
	if err != nil {
		return nil, err
	}
	var known string
	s.book.View(func(st *state.State, _ *apply.Run) { known = st.Directory })
	if known != directory {
		return nil, &Problem{Kind: "other-directory", Message: fmt.Sprintf("the stack %q was applied from %s, and this is %s", name, known, directory),
			Hint: fmt.Sprintf("Give this stack another name, or take the other one down first: recipe destroy -stack=%s.", name)}
	}
	return s, nil
}

// keepTree puts the stack's own files into the store, so that a run can be carried on without them.
func (a *Agent) keepTree(ctx context.Context, s *config.Stack) (string, error) {
	names := slices.Sorted(maps.Keys(s.Sources))
	hash := sha256.New()
	for _, name := range names {
		fmt.Fprintf(hash, "%d %s %d\n", len(name), name, len(s.Sources[name]))
		hash.Write(s.Sources[name])
	}
	key := "stack-" + hex.EncodeToString(hash.Sum(nil))
	_, err := a.store.Add(ctx, key, func(dir string) error {
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(dir, path.Base(name)), s.Sources[name], 0o644); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("cannot keep the stack's files: %w", err)
	}
	return key, nil
}

func sealVariables(values map[string]cty.Value, s *stack) (map[string]json.RawMessage, error) {
	sealed := map[string]json.RawMessage{}
	for name, v := range values {
		encoded, err := state.Encode(v, s.seal)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", name, err)
		}
		sealed[name] = encoded
	}
	return sealed, nil
}

// graphOf rebuilds what a recorded plan was made from, out of the store alone; nil for one that only removes.
func (a *Agent) graphOf(ctx context.Context, s *stack, p *plan.Plan, provider sdk.Provider) (*eval.Graph, error) {
	if p.Destroy {
		return nil, nil
	}
	root, ok := a.store.Path(p.Tree)
	if !ok {
		return nil, fmt.Errorf("the files of the plan (%s) are not in the store any more; plan again", p.Tree)
	}
	if err := a.store.Verify(ctx, p.Tree); err != nil {
		return nil, fmt.Errorf("the stack's files as planned cannot be used: %w; plan again", err)
	}
	parsed, diags := config.Load(os.DirFS(root), ".")
	if diags.HasErrors() {
		return nil, diags
	}
	values := map[string]cty.Value{}
	for name, encoded := range p.Variables {
		v, err := state.Decode(encoded, cty.DynamicPseudoType, s.reveal)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", name, err)
		}
		values[name] = v
	}
	values, diags = eval.Variables(parsed.Variables, values)
	if diags.HasErrors() {
		return nil, diags
	}
	packages, diags := a.library.Open(ctx, p.Lock)
	if diags.HasErrors() {
		return nil, diags
	}
	in := a.evalInput(parsed, p.Lock, packages, values, provider)
	in.Second, in.Scale, in.Import = p.Second, p.Scale, p.Import
	graph, diags := eval.Make(ctx, in)
	if diags.HasErrors() {
		return nil, diags
	}
	return graph, nil
}
