package main

import (
	"fmt"

	"github.com/nsynapse/recipe/planner/plan"
)

// showPlan prints a plan as text or as a stream of JSON.
func (c *cli) showPlan(p *plan.Plan, verbose bool) error {
	for i := range p.Changes {
		ch := &p.Changes[i]
		if !ch.Does() {
			continue
		}
		fmt.Fprintf(c.stdout, "%-8s %s  (%s) %s\n", ch.Action, ch.Addr, ch.Reason, ch.Effect)
		for _, d := range ch.Attributes {
			fmt.Fprintf(c.stdout, "    %s: %s -> %s\n", d.Path, d.Before, d.After)
		}
	}
	if p.Empty() {
		fmt.Fprintln(c.stdout, "No changes.")
	}
	fmt.Fprintln(c.stdout, p.Count(), p.Kept)
	return nil
}
