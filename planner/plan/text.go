package plan

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// TextOptions say how a plan is written. The zero value writes plain text of any width, condensed.
type TextOptions struct {
	Color   bool
	Width   int  // columns to wrap lists and long differences at; 0 for no limit
	Verbose bool // every change and every attribute, nothing left out
}

// Write writes p for people: what happens to each component and why, what is added and joined, in which order, which
// data is lost. The last lines are the summary and the outputs. It returns the first error of w.
func Write(w io.Writer, p *Plan, options TextOptions) error {
	r := newReport(w, p, options)
	r.header()
	if p.Empty() {
		r.held()
		r.line(0, r.paint(bold, p.Summary()))
		return r.close()
	}
	r.groups()
	r.held()
	r.packages()
	r.added()
	r.bindings()
	r.order()
	r.lostData()
	r.line(0, r.paint(bold, p.Summary()))
	r.outputs()
	return r.close()
}

// Summary is the plan in one line, the same words on every surface: "Plan: 14 to create, 2 to remove.".
func (p *Plan) Summary() string {
	if p.Empty() {
		switch p.Kept {
		case 0:
			return "No changes. There is nothing to do."
		case 1:
			return "No changes. The only resource is as the stack wants it."
		}
		return fmt.Sprintf("No changes. All %d resources are as the stack wants them.", p.Kept)
	}
	count := p.Count()
	var parts []string
	for _, action := range actions {
		if n := count[action]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n, strings.Replace(string(action), "backup", "back up", 1)))
		}
	}
	if parts == nil {
		return "Plan: only outputs change."
	}
	return "Plan: " + strings.Join(parts, ", ") + "."
}

// actions are those that do something, in the order in which they are counted and explained.
var actions = [...]Action{Create, Update, Rolled, Restart, Backup, Replace, Remove, Forget}

// header names the stack and explains the signs that follow.
func (r *report) header() {
	p := r.plan
	if p.Empty() {
		return
	}
	what := fmt.Sprintf("Stack %s, generation %d", p.Stack, p.Generation)
	switch {
	case p.Action == "rollback":
		what += fmt.Sprintf(", back to generation %d", p.Of)
	case p.Action != "":
		what += ", " + p.Action
	}
	if p.Destroy {
		what = fmt.Sprintf("Stack %s is destroyed", p.Stack)
	}
	if p.Targets != nil {
		names := make([]string, len(p.Targets))
		for i, target := range p.Targets {
			names[i] = target.String()
		}
		what += ", only " + some(names, 5) + " and what that needs"
	}
	switch {
	case p.Kept == 1:
		what += ". 1 of its resources stays as it is"
	case p.Kept > 1:
		what += fmt.Sprintf(". %d of its resources stay as they are", p.Kept)
	}
	r.line(0, r.paint(bold, what+"."))
	count := p.Count()
	var signs []string
	for _, action := range actions {
		if count[action] > 0 {
			signs = append(signs, r.sign(action)+" "+string(action))
		}
	}
	if signs != nil {
		r.line(2, strings.Join(signs, "   "))
	}
	r.blank()
}

// outputs lists the values that the stack shows and that change.
func (r *report) outputs() {
	if len(r.plan.Outputs) == 0 {
		return
	}
	r.blank()
	r.line(0, r.paint(bold, "Outputs:"))
	for i := range r.plan.Outputs {
		o := &r.plan.Outputs[i]
		r.signed(0, o.action(), r.difference(4, Difference{Path: o.Name, Before: o.Before, After: o.After}, o.action() == Create))
	}
}

// lostData repeats what nobody may overlook just above the summary. Everything else in a plan can be taken back.
func (r *report) lostData() {
	for _, kind := range []struct {
		backup bool
		title  string
	}{{true, "DATA IS DELETED after a backup:"}, {false, "DATA IS DELETED and cannot be brought back:"}} {
		var lost []string
		for i := range r.plan.Changes {
			if c := &r.plan.Changes[i]; c.Data && c.Does() && c.Backup == kind.backup {
				text := c.Addr.String()
				if c.Effect != "" {
					text += ": " + c.Effect
				}
				lost = append(lost, text)
			}
		}
		if lost == nil {
			continue
		}
		r.line(0, r.paint(alarm, kind.title))
		r.list(2, alarm, lost)
		r.blank()
	}
}

// list writes one line for each, and only the first ones of many.
func (r *report) list(indent int, s style, lines []string) {
	shown := lines
	if !r.options.Verbose && len(lines) > listLimit {
		shown = lines[:listShown]
	}
	for _, line := range shown {
		r.line(indent, r.paint(s, line))
	}
	if more := len(lines) - len(shown); more > 0 {
		r.line(indent, r.paint(s, fmt.Sprintf("... and %d more", more)))
	}
}

// Of long lists only the beginning is shown: a plan of thousands has to stay readable.
const (
	listLimit = 200
	listShown = 100
)

// some joins at most limit names and counts the others.
func some(names []string, limit int) string {
	if len(names) <= limit+1 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:limit], ", "), len(names)-limit)
}

// distinct keeps the first of equal strings, in their order.
func distinct(all []string) []string {
	var kept []string
	for _, s := range all {
		if s != "" && !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}
