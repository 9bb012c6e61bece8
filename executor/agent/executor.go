package agent

import (
	"context"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// An executor is a provider of the resource type instance. That of a plugin takes the place of the one in the box: it starts,
// restarts and ends the processes, and its Apply returns when they are ready. Directories, ports, endpoints and bindings stay
// the agent's.

// runsInstances checks that a plugin is an executor.
func runsInstances(types, box sdk.Schema) error {
	t, ok := types.Types["instance"]
	if !ok || len(types.Types) != 1 {
		return fmt.Errorf("it is no executor: an executor supplies the type instance, and no other")
	}
	if t.Plans {
		return fmt.Errorf("it is no executor: its instances say themselves how they turn out (plans), and recipe plans instances itself")
	}
	if faults := t.Object().TestConformance(box.Types["instance"].Object()); len(faults) > 0 {
		return fmt.Errorf("it is an executor of another recipe: its instances are not as ours: %s", faults[0])
	}
	return nil
}

// executed is the box with the instances of another executor.
type executed struct {
	sdk.Provider
	instance sdk.Resource
}

// Resource implements sdk.Provider.
func (e executed) Resource(name string) sdk.Resource {
	if name == "instance" {
		return e.instance
	}
	return e.Provider.Resource(name)
}

// placed are the instances of a plugin. The agent learns of them here, since no supervisor tells it.
type placed struct {
	sdk.Resource
	agent *Agent
}

// Apply implements sdk.Resource.
func (p placed) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.After.IsNull() {
		p.agent.withdraw(r.Identity) // the router lets go of it first
		if !r.Before.IsNull() {
			p.agent.drain(ctx, sdk.Identity{Address: r.Address, Stack: r.Stack, Known: r.Before})
		}
	}
	v, diags := p.Resource.Apply(ctx, r)
	if !diags.HasErrors() && v != cty.NilVal && !v.IsNull() {
		p.agent.place(sdk.Identity{Address: r.Address, Stack: r.Stack, Known: v})
	}
	return v, diags
}

// place tells everybody of a process that runs elsewhere.
func (a *Agent) place(id sdk.Identity) {
	a.offer(id)
	if a.directory.SetReady(id.Stack, id.Address, id.Known.GetAttr("running").True()) {
		a.routes.send()
	}
}

// withdraw takes a process out.
func (a *Agent) withdraw(id sdk.Identity) {
	a.directory.Withdraw(id.Stack, id.Address)
	a.routes.send()
}

// executor is the name of the plugin that runs the instances, "" for the agent itself.
func (s *stack) executor() string { return executorOf(s.book.Copy().Plugins) }

func executorOf(plugins []state.Plugin) string {
	for _, p := range plugins {
		if p.Executor {
			return p.Name
		}
	}
	return ""
}

// sameExecutor refuses to change the executor of instances that run: the new one would not know of them.
func sameExecutor(known *state.State, s *config.Stack, wanted []state.Plugin) *hcl.Diagnostic {
	before, now := executorOf(known.Plugins), executorOf(wanted)
	if before == now {
		return nil
	}
	for _, o := range known.Objects {
		if o.Type != "instance" {
			continue
		}
		if before == "" {
			before = "the agent"
		}
		at := s.Range
		if s.Executor != nil {
			at = s.Executor.Range
		}
		return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Another executor", Subject: &at,
			Detail: fmt.Sprintf("The instances of this stack are run by %s, and another executor would not know of them. Take the stack down first: recipe destroy -stack=%s.", before, s.Name)}
	}
	return nil
}
