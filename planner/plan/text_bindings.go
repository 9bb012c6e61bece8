package plan

import (
	"fmt"

	"github.com/nsynapse/recipe/planner/solve"
)

// added tells which components the plan adds by itself, if they are new.
func (r *report) added() {
	if r.plan.Lock == nil {
		return
	}
	var lines []string
	for i := range r.plan.Lock.Components {
		c := &r.plan.Lock.Components[i]
		if c.Added != "" && r.isNew(c.Component) {
			lines = append(lines, fmt.Sprintf("%s (%s), because %s", c.Component, r.packageOf(c.Component), c.Added))
		}
	}
	if lines != nil {
		r.line(0, r.paint(bold, "Added by the plan:"))
		r.list(2, plain, lines)
		r.blank()
	}
}

// bindings tells what the new or changed bindings are joined to, and why.
func (r *report) bindings() {
	if r.plan.Lock == nil {
		return
	}
	var fresh []*solve.Binding
	left, right := 0, 0
	for i := range r.plan.Lock.Bindings {
		b := &r.plan.Lock.Bindings[i]
		if r.changes(b) {
			fresh = append(fresh, b)
			left = max(left, columns(bindingName(b)))
			right = max(right, columns(b.Implementation.String()))
		}
	}
	if fresh == nil {
		return
	}
	lines := make([]string, len(fresh))
	for i, b := range fresh {
		lines[i] = fmt.Sprintf("%-*s -> %-*s  %s", left, bindingName(b), right, b.Implementation, r.paint(faint, b.Reason))
	}
	r.line(0, r.paint(bold, "Bindings:"))
	r.list(2, plain, lines)
	r.blank()
}

func bindingName(b *solve.Binding) string { return b.Consumer.String() + " " + b.Requirement }

// changes reports whether something of the binding is made or changed, or its consumer is new.
func (r *report) changes(b *solve.Binding) bool {
	if r.isNew(b.Consumer) {
		return true
	}
	g := r.byName[b.Consumer]
	if g == nil {
		return false
	}
	for _, c := range g.changes {
		if c.Action != Remove && c.Action != Forget && bindingOf(c.Addr.Part) == b.Requirement {
			return true
		}
	}
	return false
}
