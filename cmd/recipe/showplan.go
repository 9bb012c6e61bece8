package main

import (
	"time"

	"github.com/nsynapse/recipe/planner/plan"
)

// showPlan prints a plan as text or as a stream of JSON.
func (c *cli) showPlan(p *plan.Plan, verbose bool) error {
	if !c.json {
		return plan.Write(c.stdout, p, plan.TextOptions{Color: c.color, Verbose: verbose})
	}
	c.begin()
	for i := range p.Changes {
		if ch := &p.Changes[i]; ch.Does() {
			c.message("planned_change", ch.Addr.String()+": "+string(ch.Action), map[string]any{"change": ch})
		}
	}
	counts := p.Count()
	c.message("change_summary", "Plan", map[string]any{"changes": map[string]any{
		"create": counts[plan.Create], "update": counts[plan.Update], "restart": counts[plan.Restart], "replace": counts[plan.Replace],
		"remove": counts[plan.Remove] + counts[plan.Forget], "kept": p.Kept, "operation": "plan",
	}, "critical_path": p.CriticalPath, "outputs": p.Outputs})
	return nil
}

// begin prints the first line of a stream of JSON, once.
func (c *cli) begin() {
	if !c.begun {
		c.begun = true
		c.message("version", "recipe "+version, map[string]any{"recipe": version, "ui": "1.0"})
	}
}

// message prints one line of a stream of JSON, laid out as Terraform's.
func (c *cli) message(kind, text string, parts map[string]any) {
	line := map[string]any{"@level": "info", "@message": text, "@module": "recipe.ui", "@timestamp": time.Now().UTC().Format(time.RFC3339Nano), "type": kind}
	for name, part := range parts {
		line[name] = part
	}
	c.printJSON(line)
}
