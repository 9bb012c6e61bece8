package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/cgroup"
	"github.com/nsynapse/recipe/executor/sandbox"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Units keeps processes running; see supervisor.Supervisor.
type Units interface {
	Start(ctx context.Context, spec supervisor.Spec) error
	Replace(ctx context.Context, spec supervisor.Spec) error
	Remove(ctx context.Context, address string) error
	Clear(ctx context.Context, spec supervisor.Spec) error
	Status(address string) (supervisor.Status, bool)
}

// checkType is the type of the attributes startup, readiness and liveness. Of the probes one is set.
var checkType = cty.Object(map[string]cty.Type{
	"http":              cty.String,
	"tcp":               cty.Number,
	"exec":              cty.List(cty.String),
	"postgresql":        replicaLogin,
	"redis":             login,
	"nats":              login,
	"port":              cty.Number,
	"initial_delay":     cty.String,
	"interval":          cty.String,
	"timeout":           cty.String,
	"success_threshold": cty.Number,
	"failure_threshold": cty.Number,
})

// replicaLogin may ask a replica whether it follows the primary, and how many bytes of the log it may be behind.
var replicaLogin = cty.Object(map[string]cty.Type{
	"username": cty.String, "password": cty.String, "database": cty.String, "follows": cty.Bool, "max_lag": cty.Number,
})

var login = cty.Object(map[string]cty.Type{"username": cty.String, "password": cty.String, "database": cty.String})

func instanceSchema() sdk.TypeSchema {
	return sdk.TypeSchema{
		Description: "One process of an instance, kept running by the agent.",
		Attributes: map[string]sdk.Attribute{
			"component":     {Type: cty.String, Required: true, Replace: true, Description: "The component it is a part of."},
			"kind":          {Type: cty.String, Required: true, Description: "web or worker."},
			"main":          {Type: cty.Bool, Required: true, Description: "The process that listens on the instance's ports."},
			"directory":     {Type: cty.String, Required: true, Replace: true, Description: "The instance's directory."},
			"workdir":       {Type: cty.String, Required: true, Restart: true, Description: "Where it is started."},
			"command":       {Type: cty.List(cty.String), Required: true, Restart: true, Description: "The program and its arguments."},
			"env":           {Type: cty.Map(cty.String), Required: true, Restart: true, Description: "Its whole environment."},
			"owner":         {Type: cty.Number, Required: true, Restart: true, Description: "The user it runs as; -1 for the agent's own."},
			"ports":         {Type: cty.Map(cty.Number), Restart: true, Description: "The ports it listens on, by name."},
			"bindings":      {Type: cty.Map(cty.Map(cty.String)), Restart: true, Description: "What its bindings hold, as files below SERVICE_BINDING_ROOT."},
			"config_digest": {Type: cty.String, Restart: true, Description: "Changes with the configuration of the instance."},
			"needs":         {Type: cty.List(cty.String), Restart: true, Description: "Components that have to be ready before it starts."},
			"startup":       {Type: checkType, Restart: true, Description: "Whether it has started."},
			"readiness":     {Type: checkType, Restart: true, Description: "Whether it takes requests."},
			"liveness":      {Type: checkType, Restart: true, Description: "Whether it has to be restarted."},
			"stop":          {Type: cty.Object(map[string]cty.Type{"signal": cty.String, "grace": cty.String}), Required: true, Restart: true, Description: "How it is asked to end."},
			"drain":         {Type: cty.String, Description: "How long what it is at may take before it is asked to end for good; nothing new gets to it meanwhile."},
			"limits":        {Type: limitsType, Restart: true, Description: "What it may take of the machine: memory such as 256MiB, cpu in processors, pids, open_files; null where there is no limit."},
			"sandbox":       {Type: sandbox.Type, Restart: true, Description: "What it may do with files beside those of its instance; null for nothing beside them."},
			"success_codes": {Type: cty.List(cty.Number), Restart: true, Description: "Exit codes that mean that the work is done."},
			"roles":         {Type: rolesType, Description: "Set if its instance may be a primary or a backup."},
			"running":       {Type: cty.Bool, Required: true, Restart: true, Description: "Whether it is kept running."},
		},
	}
}

// rolesType is the type of the attribute roles.
var rolesType = cty.Object(map[string]cty.Type{
	"primaries": cty.Number,           // how many instances do the work
	"cold":      cty.Bool,             // it does not run in a backup
	"promote":   cty.List(cty.String), // the command that makes a primary of it while it runs; null for none
	"timeout":   cty.String,           // of that command
})

// UnitName is how the supervisor knows a process: addresses are unique in a stack only.
func UnitName(stack, address string) string { return stack + "/" + address }

// instance is the resource type of the same name.
type instance struct{ *Provider }

var _ sdk.Resource = instance{}

// Read reports a process that is not kept running, for instance because the user has stopped it.
func (i instance) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	if id.Known.IsNull() {
		return id.Known, nil
	}
	status, ok := i.units.Status(UnitName(id.Stack, id.Address))
	if !ok {
		return cty.NullVal(id.Known.Type()), nil
	}
	attributes := id.Known.AsValueMap()
	attributes["running"] = cty.BoolVal(status.State != supervisor.Stopped && status.State != supervisor.Failed)
	return cty.ObjectVal(attributes), nil
}

func (i instance) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.After.IsNull() {
		return i.remove(ctx, r)
	}
	id := sdk.Identity{Address: r.Address, Stack: r.Stack, Known: r.After}
	spec, err := i.Spec(id)
	if err != nil {
		return r.Before, sdk.Errorf("cannot start the process", "%s", err)
	}
	spec.Order = r.Token
	if err := writeBindings(processDirectory(id), r.After); err != nil {
		return r.Before, sdk.Errorf("cannot hand over the bindings", "%s", err)
	}
	i.changed(id)
	r.Report.Send(sdk.Progress{Text: "starting"})
	if err := i.bring(ctx, r, spec); err != nil {
		return i.failed(ctx, r, spec, err)
	}
	return r.After, nil
}

// bring starts the process, or replaces the one that runs if it is to run otherwise.
func (i instance) bring(ctx context.Context, r sdk.ApplyRequest, spec supervisor.Spec) error {
	if r.Before.IsNull() {
		err := i.units.Start(ctx, spec)
		if !errors.Is(err, supervisor.ErrExists) {
			return err
		}
	}
	if r.After.GetAttr("running").True() && !r.Before.IsNull() && r.Before.GetAttr("running").False() {
		err := i.units.Start(ctx, spec) // also takes back a stop by the user
		if !errors.Is(err, supervisor.ErrExists) {
			return err
		}
		// Somebody was faster.
	}
	if !r.Before.IsNull() && sameProcess(r.Before, r.After) && i.runs(spec.Address) {
		return nil
	}
	if !r.Before.IsNull() {
		i.drain(ctx, sdk.Identity{Address: r.Address, Stack: r.Stack, Known: r.Before})
	}
	return i.units.Replace(ctx, spec)
}

// runs reports whether a process is kept running: an attempt to remove it may have been cut short.
func (i instance) runs(unit string) bool {
	status, ok := i.units.Status(unit)
	return ok && status.State != supervisor.Stopped && status.State != supervisor.Stopping && status.State != supervisor.Failed
}

// sameProcess reports whether nothing differs that a process has to be restarted for.
func sameProcess(before, after cty.Value) bool {
	for name, a := range instanceSchema().Attributes {
		if a.Restart && !before.GetAttr(name).RawEquals(after.GetAttr(name)) {
			return false
		}
	}
	return true
}

// failed says why the process did not come up. A new one is gone; of a changed one nothing runs any more, and the
// engine brings the old one back.
func (i instance) failed(ctx context.Context, r sdk.ApplyRequest, spec supervisor.Spec, err error) (cty.Value, sdk.Diagnostics) {
	detail := err.Error()
	var start *supervisor.StartError
	if errors.As(err, &start) { // the address is said by whoever shows the error
		detail = start.Reason
		if start.Err != nil {
			detail += ": " + start.Err.Error()
		}
	}
	if start != nil && len(start.Lines) > 0 {
		detail += "; its last output:\n  " + strings.Join(start.Lines, "\n  ")
		if hint := sandbox.Hint(spec.Sandbox, start.Lines); hint != "" {
			detail += "\n" + hint
		}
	}
	if hint := wayOut(start); hint != "" {
		detail += "\n" + hint
	}
	if err := i.free(r.After); start != nil && start.Exit != nil && err != nil { // somebody was faster; it has ended
		detail = err.Error() + "; " + detail
	}
	diags := sdk.Errorf("it did not become ready", "%s", detail)
	if !r.Before.IsNull() {
		attributes := r.After.AsValueMap()
		attributes["running"] = cty.False
		return cty.ObjectVal(attributes), diags
	}
	if err := i.units.Remove(context.WithoutCancel(ctx), UnitName(r.Stack, r.Address)); err != nil {
		return r.After, append(diags, sdk.Errorf("and it could not be stopped", "%s", err)...)
	}
	i.changed(sdk.Identity{Address: r.Address, Stack: r.Stack, Known: cty.NullVal(r.After.Type())})
	return cty.NullVal(r.After.Type()), diags
}

// wayOut is what to do about the two faults that new programs have most, in a line of its own; "" for all others.
func wayOut(start *supervisor.StartError) string {
	switch {
	case start == nil:
		return ""
	case start.Exit != nil && start.Exit.Known && start.Exit.Signal == 0 && start.Exit.Code == 0:
		return "A process stays in the foreground until it is told to stop. For one whose work is done then, there are a step and success_codes = [0]."
	case strings.Contains(start.Reason, "connection refused on port"):
		return "It has to listen on 127.0.0.1, and on the port that it is given: PORT in its environment, port.NAME in its recipe."
	}
	return ""
}

func (i instance) remove(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	id := sdk.Identity{Address: r.Address, Stack: r.Stack, Known: cty.NullVal(r.Before.Type())}
	i.changed(id) // the router lets go of it first
	if !r.Before.IsNull() {
		i.drain(ctx, sdk.Identity{Address: r.Address, Stack: r.Stack, Known: r.Before})
	}
	if err := ctx.Err(); err != nil { // it may be at something, and nothing says that it has to go now
		return r.Before, sdk.Errorf("the process was not stopped", "%s", err)
	}
	if err := i.end(ctx, r); err != nil {
		return r.Before, sdk.Errorf("cannot stop the process", "%s", err)
	}
	if !r.Before.IsNull() {
		dir := processDirectory(sdk.Identity{Address: r.Address, Known: r.Before})
		if err := os.RemoveAll(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return r.Before, sdk.Errorf("cannot remove the process's files", "%s", err)
		}
	}
	return cty.NullVal(r.Before.Type()), nil
}

// end ends a process, also one that nobody knows of: its creation was cut off by the end of an agent, and is undone by the next one.
func (i instance) end(ctx context.Context, r sdk.ApplyRequest) error {
	unit := UnitName(r.Stack, r.Address)
	if _, known := i.units.Status(unit); known || r.Before.IsNull() {
		return i.units.Remove(ctx, unit)
	}
	spec, err := i.Spec(sdk.Identity{Address: r.Address, Stack: r.Stack, Known: r.Before})
	if err != nil {
		return err
	}
	return i.units.Clear(ctx, spec)
}

// processDirectory is where the shim and the bindings of a process are.
func processDirectory(id sdk.Identity) string {
	if id.Known.Type().HasAttribute("times") {
		return directory(id.Known)
	}
	_, name, _ := strings.Cut(id.Address, ".process.")
	return filepath.Join(directory(id.Known), "process", name)
}

// Provider is the executor in the box.
type Provider struct {
	ports   Ports
	units   Units
	changed func(sdk.Identity)
	drain   func(context.Context, sdk.Identity)
	cgroups cgroup.Host
	sandbox *sandbox.Policy
	gate    func(sdk.Identity) (env []string, open bool, err error)
}

// Options are what the executor works with.
type Options struct {
	Ports Ports
	Units Units
	// Changed is told of a process before it starts, with its value, and after it was taken out, with a null value.
	// It is called from any goroutine and must not wait for the executor.
	Changed func(sdk.Identity)
	// Drain is told of a process before it is asked to end, with its value. It returns when nothing gets to the process any
	// more and what it was at is done, or when that takes too long. It is called from any goroutine. Nil waits for nothing.
	Drain func(context.Context, sdk.Identity)
	// Cgroups are those that limits are enforced by; zero for none.
	Cgroups cgroup.Host
	// Sandbox is what instances are kept to; nil for nothing.
	Sandbox *sandbox.Policy
	// Gate is asked before each start of a process with roles; see supervisor.Spec.
	Gate func(sdk.Identity) (env []string, open bool, err error)
}

var _ sdk.Provider = (*Provider)(nil)

// New returns the executor in the box.
func New(o Options) *Provider {
	if o.Drain == nil {
		o.Drain = func(context.Context, sdk.Identity) {}
	}
	return &Provider{ports: o.Ports, units: o.Units, changed: o.Changed, drain: o.Drain, cgroups: o.Cgroups, sandbox: o.Sandbox, gate: o.Gate}
}

// Schema implements sdk.Provider.
func (p *Provider) Schema() sdk.Schema {
	return sdk.Schema{Types: map[string]sdk.TypeSchema{"allocation": allocationSchema(), "instance": instanceSchema(), "schedule": scheduleSchema()}}
}

// Resource implements sdk.Provider.
func (p *Provider) Resource(name string) sdk.Resource {
	switch name {
	case "allocation":
		return allocation{p.ports}
	case "instance":
		return instance{p}
	case "schedule":
		return scheduled{p}
	}
	return nil
}

// Restore takes back the ports of a recorded allocation at boot.
func (p *Provider) Restore(id sdk.Identity) error {
	if err := (allocation{p.ports}).restore(id); err != nil {
		return fmt.Errorf("cannot get its ports back: %w", err)
	}
	return nil
}

// RestoreFiles brings back, at boot, the files of a recorded process that a power cut may have taken.
func (p *Provider) RestoreFiles(id sdk.Identity) error {
	if err := restoreBindings(processDirectory(id), id.Known); err != nil {
		return fmt.Errorf("cannot write its binding files again: %w", err)
	}
	return nil
}
