package agent

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// An executor is a provider of the resource type instance. That of a plugin takes the place of the one in the box: it starts,
// restarts and ends the processes, and its Apply returns when they are ready. Directories, ports, endpoints and bindings with
// their files stay the agent's.

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

// executor is the name of the plugin that runs the instances, "" for the agent itself.
func (s *stack) executor() (name string) {
	s.book.View(func(st *state.State, _ *apply.Run) { name = executorOf(st.Plugins) })
	return name
}

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
