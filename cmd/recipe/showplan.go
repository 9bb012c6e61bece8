package main

import (
	"time"

	"github.com/nsynapse/recipe/planner/plan"
)

// showPlan prints a plan as text or as a stream of JSON.
func (c *cli) showPlan(p *plan.Plan, verbose bool) error {
	if !c.json {
		return plan.Write(c.stdout, p, plan.TextOptions{Color: c.color, Width: c.width(), Verbose: verbose})
	}
	c.begin()
	for _, line := range plan.Stream(p, now) {
		c.printJSON(line)
	}
	return nil
}

func now() time.Time { return time.Now().UTC() }

// begin prints the first line of a stream of JSON, once.
func (c *cli) begin() {
	if !c.begun {
		c.begun = true
		c.printJSON(plan.NewVersionLine(version, now()))
	}
}

// message prints one line of a stream of JSON.
func (c *cli) message(kind, text string, parts map[string]any) {
	line := map[string]any{"@level": "info", "@message": text, "@module": "recipe.ui", "@timestamp": now(), "type": kind}
	for name, part := range parts {
		line[name] = part
	}
	c.printJSON(line)
}
