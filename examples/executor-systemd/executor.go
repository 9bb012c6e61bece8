package main

import (
	"context"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/local"
	"github.com/nsynapse/recipe/executor/port"
	"github.com/nsynapse/recipe/providers/sdk"
)

// patience is how long a call may be silent: apps take their time to start and to end.
const patience = 5 * time.Minute

// executor supplies instances alone. Of the executor in the box it has what an instance's value means: its checks, its
// environment, its directory.
type executor struct {
	box      *local.Provider
	manager  *manager
	failures *failures
	hides    bool // systemd may keep a process to its files
}

var _ sdk.Provider = executor{}

// newExecutor returns an executor for a manager. hides is for that of the machine: that of a user has to have user namespaces, which not
// every kernel allows.
func newExecutor(m *manager, hides bool) executor {
	return executor{local.New(local.Options{Ports: port.New(0, 0, 0), Changed: func(sdk.Identity) {}}), m, &failures{row: map[string]int{}}, hides}
}

// Schema implements sdk.Provider.
func (e executor) Schema() sdk.Schema {
	t := e.box.Schema().Types["instance"]
	t.Description = "One process of an instance, kept running by systemd."
	t.Patience = patience
	return sdk.Schema{Types: map[string]sdk.TypeSchema{"instance": t}}
}

// Resource implements sdk.Provider.
func (e executor) Resource(string) sdk.Resource { return instance{e} }

// instance is the resource type of the same name.
type instance struct{ executor }

var _ sdk.Resource = instance{}

// Read reports whether systemd keeps the process running.
func (i instance) Read(ctx context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	if id.Known.IsNull() {
		return id.Known, nil
	}
	s, err := i.manager.status(ctx, nameOf(id))
	if err != nil {
		return id.Known, sdk.Errorf("cannot look at the process", "%s", err)
	}
	if s.absent() {
		return cty.NullVal(id.Known.Type()), nil
	}
	if err := s.owned(id); err != nil {
		return id.Known, sdk.Errorf("another unit has its name", "%s", err)
	}
	return running(id.Known, s.kept()), nil
}

// running is v with that attribute.
func running(v cty.Value, is bool) cty.Value {
	attributes := v.AsValueMap()
	attributes["running"] = cty.BoolVal(is)
	return cty.ObjectVal(attributes)
}

// Apply implements sdk.Resource.
func (i instance) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.After.IsNull() {
		return i.remove(ctx, r)
	}
	id := sdk.Identity{Address: r.Address, Stack: r.Stack, Known: r.After}
	if r.After.GetAttr("running").False() {
		if err := i.end(ctx, id); err != nil {
			return r.Before, sdk.Errorf("cannot stop the process", "%s", err)
		}
		return r.After, nil
	}
	u, err := i.unit(id)
	if err != nil {
		return r.Before, sdk.Errorf("systemd cannot run the process", "%s", err)
	}
	placed, err := i.bring(ctx, u, i.same(u, r), r.Report)
	if err == nil {
		return r.After, nil
	}
	diags := sdk.Errorf("it did not become ready", "%s", err)
	if !placed {
		return r.Before, diags
	}
	if err := i.end(context.WithoutCancel(ctx), id); err != nil { // what was begun is not left behind
		return r.After, append(diags, sdk.Errorf("and it could not be stopped", "%s", err)...)
	}
	if r.Before.IsNull() {
		return r.Before, diags
	}
	return running(r.After, false), diags
}

// same reports whether the process that ran before is the one that is wanted.
func (i instance) same(u unit, r sdk.ApplyRequest) bool {
	if r.Before.IsNull() || r.Before.GetAttr("running").False() {
		return false
	}
	before, err := i.unit(sdk.Identity{Address: r.Address, Stack: r.Stack, Known: r.Before})
	return err == nil && before.digest == u.digest
}

// remove ends the process and forgets its unit.
func (i instance) remove(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.Before.IsNull() {
		return r.Before, nil
	}
	if err := i.end(ctx, sdk.Identity{Address: r.Address, Stack: r.Stack, Known: r.Before}); err != nil {
		return r.Before, sdk.Errorf("cannot stop the process", "%s", err)
	}
	return cty.NullVal(r.Before.Type()), nil
}

// end stops the unit of a process, if there is one, and removes its files.
func (i instance) end(ctx context.Context, id sdk.Identity) error {
	name := nameOf(id)
	spec, err := i.box.Spec(id)
	if err != nil {
		return err
	}
	s, err := i.manager.status(ctx, name)
	if err != nil {
		if (unit{spec: spec}).unwritten() {
			return nil // a unit is never started before its files are there: nobody has to be asked
		}
		return err
	}
	if !s.absent() {
		if err := s.owned(id); err != nil {
			return err
		}
		if err := i.manager.stop(ctx, name); err != nil {
			return err
		}
	}
	return unit{spec: spec}.unwrite()
}
