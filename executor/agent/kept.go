package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/planner/state"
)

// KeptRequest asks for a plan from what the agent keeps of a generation, and not from the user's files. One part is set.
type KeptRequest struct {
	Rollback int                    `json:"rollback,omitempty"` // go back to this generation
	Promote  []addr.Component       `json:"promote,omitempty"`  // bring the instances that are held back to the version of the others
	All      bool                   `json:"all,omitempty"`      // promote all components
	Scale    map[addr.Component]int `json:"scale,omitempty"`    // how many instances components are to have
}

// planKept makes a plan from a generation of s: its files, variables and packages lie in the store and the vault, and
// nothing of it is looked up anew. Its generated secrets are those of now.
func (a *Agent) planKept(ctx context.Context, s *stack, q PlanRequest) (*PlanAnswer, error) {
	g, err := s.keptFor(q.Kept)
	if err != nil {
		return nil, err
	}
	from := &plan.Plan{Tree: g.Tree, Variables: g.Variables, Scale: maps.Clone(g.Scale)}
	if err := json.Unmarshal(g.Lock, &from.Lock); err != nil {
		return nil, fmt.Errorf("cannot read the lock of generation %d: %w", g.Number, err)
	}
	for c, n := range q.Kept.Scale {
		if err := scalable(from.Lock, c, n); err != nil {
			return nil, err
		}
		if from.Scale == nil {
			from.Scale = map[addr.Component]int{}
		}
		from.Scale[c] = n
	}
	if err := a.stillThere(g, from.Lock); err != nil {
		return nil, err
	}
	known := s.book.Copy()
	if now := executorOf(known.Plugins); now != executorOf(g.Plugins) {
		return nil, &Problem{Message: fmt.Sprintf("generation %d had another executor, which does not know of the instances that run", g.Number),
			Hint: fmt.Sprintf("Take the stack down first: recipe destroy -stack=%s.", s.name)}
	}
	plugins := merged(g.Plugins, known.Plugins)
	provider, err := a.withPlugins(ctx, plugins)
	if err != nil {
		return nil, err
	}
	from.Second = plan.Second(known)
	graph, err := a.graphOf(ctx, s, from, provider)
	var wrong hcl.Diagnostics
	if errors.As(err, &wrong) && q.Kept.Scale != nil {
		return &PlanAnswer{Diagnostics: diag.From(wrong, nil)}, nil // of the new number: what was applied is right
	}
	if err != nil {
		return nil, fmt.Errorf("generation %d cannot be had again: %w", g.Number, err)
	}
	in, err := a.planInput(ctx, s, graph, q, plugins)
	if err != nil {
		return nil, err
	}
	settle, osDiags := a.lockedOf(ctx, s, g, graph, q.Kept.Rollback > 0)
	if osDiags.HasErrors() {
		return &PlanAnswer{Diagnostics: diag.From(osDiags, nil)}, nil
	}
	in.Settle = settle
	in.Promote = q.Kept.Promote
	if q.Kept.All {
		in.Promote = componentsOf(s.held())
	}
	p, diags := plan.Make(ctx, in)
	said := diag.From(append(osDiags, diags...), nil)
	if diags.HasErrors() {
		return &PlanAnswer{Diagnostics: said}, nil
	}
	p.OSPackages = g.OSPackages
	p.Lock, p.Tree, p.Variables, p.Plugins, p.Scale = from.Lock, from.Tree, from.Variables, plugins, from.Scale
	p.Action, p.Of = q.Kept.action(), g.Number
	return a.answer(p, said)
}

// stillThere refuses a generation whose files were removed by collect.
func (a *Agent) stillThere(g *state.Generation, lock *solve.Lock) error {
	for _, key := range needed(g, lock) {
		if _, ok := a.store.Path(key); !ok {
			return &Problem{Message: fmt.Sprintf("generation %d cannot be gone back to any more: its files are not in the store", g.Number), Kind: "not-found",
				Hint: "They were removed by recipe gc -keep=N. Bring the stack's files of that time back, and apply them."}
		}
	}
	return nil
}

func (k *KeptRequest) action() string {
	switch {
	case k.Rollback > 0:
		return "rollback"
	case k.Scale != nil:
		return "scale"
	}
	return "promote"
}

// keptFor finds the generation that a plan is asked for: the one that is named, else what was applied last.
func (s *stack) keptFor(k *KeptRequest) (*state.Generation, error) {
	generations := s.book.Copy().Generations
	if k.Rollback > 0 {
		return backTo(generations, k.Rollback)
	}
	g := lastDone(generations)
	if g == nil {
		return nil, &Problem{Message: fmt.Sprintf("no apply of %s has come to its end yet", s.name), Hint: "recipe apply does the rest."}
	}
	if last := &generations[len(generations)-1]; last.Result == "stopped" || last.Result == "error" {
		return nil, &Problem{Message: fmt.Sprintf("the run of generation %d did not come to its end", last.Number), Hint: "recipe apply does the rest, or recipe rollback takes it back."}
	}
	if held := s.held(); k.action() == "promote" {
		for _, c := range k.Promote {
			if !slices.ContainsFunc(held, func(a addr.Instance) bool { return c.Of("").Contains(a) }) {
				return nil, &Problem{Message: fmt.Sprintf("no instance of %s is held back", c), Hint: heldHint(held)}
			}
		}
		if len(held) == 0 {
			return nil, &Problem{Message: fmt.Sprintf("no instance of %s is held back", s.name), Hint: heldHint(held)}
		}
	}
	return g, nil
}

func heldHint(held []addr.Instance) string {
	if len(held) == 0 {
		return `Instances are held back by an update block with strategy = "canary".`
	}
	var names []string
	for _, c := range componentsOf(held) {
		names = append(names, c.String())
	}
	return "There are some of " + strings.Join(names, ", ") + "."
}

// backTo finds a generation that can be gone back to.
func backTo(generations []state.Generation, number int) (*state.Generation, error) {
	at := slices.IndexFunc(generations, func(g state.Generation) bool { return g.Number == number })
	if at < 0 {
		return nil, &Problem{Message: fmt.Sprintf("there is no generation %d", number), Kind: "not-found", Hint: "recipe history lists them."}
	}
	if g := &generations[at]; g.Result == "done" && g.Action != "destroy" && g.Tree != "" {
		return g, nil
	}
	return nil, &Problem{Message: fmt.Sprintf("generation %d ended %q: nothing ever ran as it wanted", number, generations[at].Result),
		Hint: `Choose one that is "done" in recipe history.`}
}

// lastDone is the last generation that ran as it wanted; nil if there is none.
func lastDone(generations []state.Generation) *state.Generation {
	for i := range slices.Backward(generations) {
		if g := &generations[i]; g.Result == "done" && g.Action != "destroy" && g.Tree != "" {
			return g
		}
	}
	return nil
}

// held are the instances that wait to be promoted.
func (s *stack) held() []addr.Instance {
	var stays []addr.Instance
	s.book.View(func(st *state.State, _ *apply.Run) {
		if g := lastDone(st.Generations); g != nil {
			stays = slices.Clone(g.Stays)
		}
	})
	return stays
}

func componentsOf(list []addr.Instance) []addr.Component {
	var all []addr.Component
	for _, a := range list {
		if !slices.Contains(all, a.Component) {
			all = append(all, a.Component)
		}
	}
	return all
}

// scalable checks that there is such a component in the stack, and such a number of instances.
func scalable(lock *solve.Lock, c addr.Component, n int) error {
	if n < 0 || n > 1000 {
		return &Problem{Message: fmt.Sprintf("%s cannot have %d instances", c, n), Hint: "It takes a whole number from 0 to 1000."}
	}
	var names []string
	for _, other := range lock.Components {
		if other.Component == c.Block() && other.Added != "" {
			return &Problem{Message: fmt.Sprintf("%s was added by the plan and has one instance", c), Hint: fmt.Sprintf("Write it into the stack to say more of it: %s %q { package = %q }",
				c.Kind, c.Name, lock.Packages[other.Package].Name)}
		}
		if other.Component == c.Block() {
			return nil
		}
		names = append(names, other.Component.String())
	}
	return &Problem{Message: fmt.Sprintf("there is no %s", c), Kind: "not-found", Hint: "There is " + strings.Join(names, ", ") + "."}
}
