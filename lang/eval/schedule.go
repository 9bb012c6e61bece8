package eval

import (
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/schedule"
)

// scheduled is the value of a process that runs at times, from the attributes of one that always runs.
func (p *Pass) scheduled(c *component, process *config.Process, attributes map[string]cty.Value, ctx *hcl.EvalContext, diags hcl.Diagnostics) (cty.Value, hcl.Diagnostics) {
	for _, name := range []string{"main", "ports", "startup", "readiness", "liveness", "kind", "roles", "drain"} {
		delete(attributes, name)
	}
	times, more := times(process.Schedule, ctx)
	if diags = append(diags, more...); more.HasErrors() {
		return cty.NilVal, diags
	}
	attributes["times"] = times
	attributes["directory"] = cty.StringVal(scheduleDirectory(p.graph.in.Home, p.graph.in.Stack.Name, c.addr, process.Name))
	return p.running("schedule", process, attributes, diags)
}

// scheduleDirectory is where a scheduled process has its memory. It is not in an instance, which may move and be made anew.
func scheduleDirectory(home, stack string, c addr.Component, process string) string {
	return filepath.Join(home, "stacks", stack, "schedules", c.Slug()+"."+process)
}

// times is when a process runs; unknown as long as an expression of it is.
func times(s *config.Schedule, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	values := map[string]cty.Value{
		"overlap": cty.StringVal(s.Overlap), "missed": cty.StringVal(s.Missed), "timeout": cty.NullVal(cty.String), "max_runs": cty.NullVal(cty.Number),
	}
	if s.Timeout != "" {
		values["timeout"] = cty.StringVal(s.Timeout)
	}
	if s.MaxRuns > 0 {
		values["max_runs"] = cty.NumberIntVal(int64(s.MaxRuns))
	}
	known := map[string]string{}
	whole := true
	for name, e := range map[string]hcl.Expression{"schedule": s.Cron, "every": s.Every, "timezone": s.Zone} {
		values[name] = cty.NullVal(cty.String)
		if e == nil {
			continue
		}
		v, more := e.Value(ctx)
		diags = append(diags, more...)
		v, err := convert.Convert(v, cty.String)
		if err != nil || v.IsMarked() {
			diags = append(diags, fail(e.Range(), "Value does not fit", "%s has to be a string, and not a secret.", name)...)
			continue
		}
		values[name] = v
		if !v.IsKnown() {
			whole = false
		} else if !v.IsNull() {
			known[name] = v.AsString()
		}
	}
	if whole && !diags.HasErrors() {
		if _, err := schedule.Zone(known["timezone"]); err != nil {
			diags = append(diags, fail(s.Zone.Range(), "Unknown time zone", "%s.", err)...)
		}
		if _, err := schedule.Parse(known["schedule"], known["every"], ""); err != nil {
			diags = append(diags, fail(s.When().Range(), "Wrong schedule", "%s.", err)...)
		}
	}
	return cty.ObjectVal(values), diags
}
