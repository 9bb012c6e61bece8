package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/planner/solve"
)

// packages tells of the packages that come from a registry, or that are there for their files alone, who asked for them.
func (r *report) packages() {
	if r.plan.Lock == nil {
		return
	}
	var lines []string
	for i, p := range r.plan.Lock.Packages {
		remote := strings.Contains(p.Origin, "://")
		made := slices.ContainsFunc(r.plan.Lock.Components, func(c solve.Component) bool { return c.Package == i })
		if !remote && made {
			continue // its component says so
		}
		lines = append(lines, fmt.Sprintf("%s %s from %s  %s", p.Name, p.Version, p.Origin, r.paint(faint, p.Reason)))
	}
	if lines != nil {
		r.line(0, r.paint(bold, "Packages:"))
		r.list(2, plain, lines)
		r.blank()
	}
}
