package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/schedule"
)

// scheduleAttributes are those of a process that only a schedule has.
func scheduleAttributes() []string {
	return []string{"schedule", "every", "timezone", "overlap", "max_runs", "missed", "timeout"}
}

// schedule reads when a process of that kind runs; nil for another kind.
func (d *recipeDecoder) schedule(b *hcl.Block, p *Process, c *hcl.BodyContent) *Schedule {
	if p.Kind != "schedule" {
		for _, name := range scheduleAttributes() {
			if a := c.Attributes[name]; a != nil {
				d.fault(a.NameRange.Ptr(), "Not a schedule", "%q is for a process with kind = \"schedule\", which runs at times, and this one is always running.", name)
			}
		}
		return nil
	}
	s := &Schedule{
		Cron: exprOf(c, "schedule"), Every: exprOf(c, "every"), Zone: exprOf(c, "timezone"),
		Overlap: d.word(c.Attributes["overlap"], "skip", "queue", "replace", "allow"),
		Missed:  d.word(c.Attributes["missed"], "skip", "run"),
		Timeout: d.duration(c.Attributes["timeout"], ""),
		Range:   b.DefRange,
	}
	switch {
	case s.Cron == nil && s.Every == nil:
		d.fault(&b.DefRange, "When does it run?", `A process of the kind "schedule" needs schedule = "0 3 * * *" (minute, hour, day, month, day of the week) or every = "10m".`)
	case s.Cron != nil && s.Every != nil:
		d.fault(c.Attributes["every"].NameRange.Ptr(), "Two times in one", "A process runs at a schedule or after an interval. Keep one of schedule and every.")
	case s.Zone != nil && s.Cron == nil:
		d.fault(c.Attributes["timezone"].NameRange.Ptr(), "No need for a time zone", "An interval is the same everywhere. Remove timezone.")
	default:
		d.checkTimes(s)
	}
	s.MaxRuns = d.maxRuns(c.Attributes["max_runs"], s.Overlap)
	if h := p.Health; h != nil {
		d.fault(&h.Range, "Nothing to check", "A scheduled process is judged by how it ends. Remove this block.")
	}
	return s
}

// standardRuns is how many runs of a process go on at a time, if they may overlap and nothing else is said.
const standardRuns = 10

// maxRuns reads how many runs go on at a time; 0 if they do not overlap.
func (d *recipeDecoder) maxRuns(a *hcl.Attribute, overlap string) int {
	switch {
	case overlap != "allow" && a != nil:
		d.fault(a.NameRange.Ptr(), "No two runs at a time", `"max_runs" bounds runs that overlap, and these do not. Add overlap = "allow", or remove this line.`)
		return 0
	case overlap != "allow":
		return 0
	case a == nil:
		return standardRuns
	}
	return d.integer(a, 2, 100)
}

// checkTimes looks at times that are written out; those with references are looked at when they are known.
func (d *recipeDecoder) checkTimes(s *Schedule) {
	texts := map[hcl.Expression]string{}
	for _, e := range []hcl.Expression{s.Cron, s.Every, s.Zone} {
		if e == nil {
			continue
		}
		v, diags := e.Value(nil)
		if len(e.Variables()) > 0 || diags.HasErrors() || v.Type() != cty.String || v.IsNull() {
			return
		}
		texts[e] = v.AsString()
	}
	if _, err := schedule.Zone(texts[s.Zone]); err != nil {
		d.fault(s.Zone.Range().Ptr(), "Unknown time zone", "%s.", err)
	}
	if _, err := schedule.Parse(texts[s.Cron], texts[s.Every], ""); err != nil {
		d.fault(s.When().Range().Ptr(), "Wrong schedule", "%s.", err)
	}
}
