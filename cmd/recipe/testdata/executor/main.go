// Command executor is the executor of the scripts: it runs instances outside the agent, with a supervisor of its own.
package main

import (
	"context"
	"log"
	"os/exec"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/local"
	"github.com/nsynapse/recipe/executor/port"
	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/providers/plugin"
	"github.com/nsynapse/recipe/providers/sdk"
)

func main() {
	recipe, err := exec.LookPath("recipe") // its shim is the parent of every app
	if err != nil {
		log.Print(err)
	}
	units := supervisor.New(supervisor.Options{Shim: []string{recipe, "shim"}})
	box := local.New(local.Options{Ports: port.New(0, 0, 0), Units: units, Changed: func(sdk.Identity) {}})
	plugin.Serve(executor{box, instance{box.Resource("instance"), box, units}})
}

// executor supplies instances alone.
type executor struct {
	box      *local.Provider
	instance instance
}

func (e executor) Schema() sdk.Schema {
	t := e.box.Schema().Types["instance"]
	t.Patience = 5 * time.Minute // apps take their time to start
	return sdk.Schema{Types: map[string]sdk.TypeSchema{"instance": t}}
}

func (e executor) Resource(string) sdk.Resource { return e.instance }

// instance is that of the box. What this process does not know yet, since it was started after it, it adopts first.
type instance struct {
	sdk.Resource
	box   *local.Provider
	units *supervisor.Supervisor
}

func (i instance) Read(ctx context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	if err := i.adopt(ctx, id, id.Known); err != nil {
		return id.Known, sdk.Errorf("cannot look at the process", "%s", err)
	}
	return i.Resource.Read(ctx, id)
}

// Status implements sdk.Observer.
func (i instance) Status(ctx context.Context, id sdk.Identity) (*sdk.Status, sdk.Diagnostics) {
	if err := i.adopt(ctx, id, id.Known); err != nil {
		return nil, sdk.Errorf("cannot look at the process", "%s", err)
	}
	s, ok := i.units.Status(local.UnitName(id.Stack, id.Address))
	if !ok {
		return &sdk.Status{State: "gone"}, nil
	}
	return &sdk.Status{State: s.State.String(), Ready: s.Ready, PID: s.PID, Since: s.Since, Restarts: s.Restarts, Message: s.LastError}, nil
}

func (i instance) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if err := i.adopt(ctx, r.Identity, r.Before); err != nil {
		return r.Before, sdk.Errorf("cannot take the process over", "%s", err)
	}
	return i.Resource.Apply(ctx, r)
}

func (i instance) adopt(ctx context.Context, id sdk.Identity, known cty.Value) error {
	if _, ok := i.units.Status(local.UnitName(id.Stack, id.Address)); ok || known.IsNull() {
		return nil
	}
	id.Known = known
	spec, err := i.box.Spec(id)
	if err != nil {
		return err
	}
	found, err := shim.Find(spec.Dir)
	if err != nil || found.State != shim.Running && found.State != shim.Orphaned {
		return err // who looks starts nothing
	}
	return i.units.Boot(context.WithoutCancel(ctx), []supervisor.Spec{spec})
}
