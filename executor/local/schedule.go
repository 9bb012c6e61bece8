package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/lang/schedule"
	"github.com/nsynapse/recipe/providers/sdk"
)

// timesType is when a scheduled process runs. One of schedule and every is set.
var timesType = cty.Object(map[string]cty.Type{
	"schedule": cty.String, "every": cty.String, "timezone": cty.String, "overlap": cty.String, "missed": cty.String, "timeout": cty.String,
	"max_runs": cty.Number, // with the overlap "allow" only
})

// scheduleSchema has no attribute that restarts anything: what changes counts from the next run on.
func scheduleSchema() sdk.TypeSchema {
	attributes := map[string]sdk.Attribute{
		"directory": {Type: cty.String, Required: true, Replace: true, Description: "Where it remembers its runs, with their log."},
		"times":     {Type: timesType, Required: true, Description: "When it runs: a cron expression or an interval, and what becomes of runs that overlap or were missed."},
	}
	for name, a := range instanceSchema().Attributes {
		switch name {
		case "directory", "kind", "main", "ports", "startup", "readiness", "liveness", "roles", "drain":
		default:
			a.Restart = false
			attributes[name] = a
		}
	}
	return sdk.TypeSchema{Description: "One process of a component that the agent runs at times.", Attributes: attributes}
}

// scheduled is the resource type schedule.
type scheduled struct{ *Provider }

var _ sdk.Resource = scheduled{}

// Read reports a process whose times are not kept, for instance because the user has stopped it.
func (s scheduled) Read(ctx context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	return instance(s).Read(ctx, id)
}

func (s scheduled) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.After.IsNull() {
		return s.remove(ctx, r)
	}
	spec, err := s.Spec(sdk.Identity{Address: r.Address, Stack: r.Stack, Known: r.After})
	if err != nil {
		return r.Before, sdk.Errorf("cannot schedule the process", "%s", err)
	}
	if err := writeBindings(spec.Dir, r.After); err != nil {
		return r.Before, sdk.Errorf("cannot hand over the bindings", "%s", err)
	}
	if err := s.bring(ctx, r, spec); err != nil {
		return r.Before, sdk.Errorf("cannot schedule the process", "%s", err)
	}
	return r.After, nil
}

// bring begins to keep the times, or changes what runs at them. A run that is under way ends as it began.
func (s scheduled) bring(ctx context.Context, r sdk.ApplyRequest, spec supervisor.Spec) error {
	if r.Before.IsNull() || r.Before.GetAttr("running").False() {
		if err := s.units.Start(ctx, spec); !errors.Is(err, supervisor.ErrExists) {
			return err
		}
	}
	return s.units.Replace(ctx, spec)
}

func (s scheduled) remove(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	gone := cty.NullVal(r.After.Type())
	if err := s.units.Remove(ctx, UnitName(r.Stack, r.Address)); err != nil {
		return r.Before, sdk.Errorf("cannot stop the process", "%s", err)
	}
	if r.Before.IsNull() {
		return gone, nil
	}
	if err := os.RemoveAll(directory(r.Before)); err != nil {
		return r.Before, sdk.Errorf("cannot remove the process's files", "%s", err)
	}
	_ = os.Remove(filepath.Dir(directory(r.Before))) // if it was the last one
	return gone, nil
}

// scheduleOf translates times for the supervisor.
func scheduleOf(v cty.Value) (*supervisor.Schedule, error) {
	times, err := schedule.Parse(text(v, "schedule"), text(v, "every"), text(v, "timezone"))
	if err != nil {
		return nil, err
	}
	s := &supervisor.Schedule{Next: times.Next, CatchUp: text(v, "missed") == "run"}
	if s.Timeout, err = duration(v, "timeout"); err != nil {
		return nil, err
	}
	switch overlap := text(v, "overlap"); overlap {
	case "skip":
	case "queue":
		s.Overlap = supervisor.Queue
	case "replace":
		s.Overlap = supervisor.Replace
	case "allow":
		s.Overlap, s.MaxRuns = supervisor.Allow, int(whole(v, "max_runs"))
	default:
		return nil, fmt.Errorf("overlap is skip, queue, replace or allow, and not %q", overlap)
	}
	return s, nil
}
