package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/lang/addr"
)

// rollEffect is what it means for its users that an instance is rolled.
const rollEffect = "no down time: the new one starts beside it, takes over when it is healthy, and the old one ends its requests and stops"

// startEffect is what it means of one that does not run: nobody has it to lose.
const startEffect = "it does not run now: the new one starts, and the old one is removed"

// stopped reports whether a process of the instance does not run that is to run.
func (r *Roll) stopped() bool {
	return slices.ContainsFunc(r.Attributes, func(d Difference) bool { return strings.HasSuffix(d.Path, " running") && d.After == "true" })
}

// asChange is the roll told like a change of its instance as a whole.
func (r *Roll) asChange(effect string) *Change {
	return &Change{Addr: instance(r.From), Type: "instance", Action: Rolled, Reason: r.Reason, Effect: effect, Attributes: r.Attributes}
}

// rollsOf are the rolls of a plan as changes, by instance.
func rollsOf(p *Plan) map[addr.Instance]*Change {
	count := map[addr.Component]int{}
	for i := range p.Rolls {
		count[p.Rolls[i].From.Component]++
	}
	rolls := map[addr.Instance]*Change{}
	for i := range p.Rolls {
		effect := rollEffect
		if p.Rolls[i].stopped() {
			effect = startEffect
		} else if count[p.Rolls[i].From.Component] > 1 {
			effect = "one after another, with " + effect
		}
		c := p.Rolls[i].asChange(effect)
		rolls[c.Addr] = c
	}
	return rolls
}

// held tells which instances keep the version that they have, and what brings the others to them.
func (r *report) held() {
	if len(r.plan.Held) == 0 {
		return
	}
	var order []addr.Component
	byName := map[addr.Component][]*Change{}
	for _, a := range r.plan.Held {
		if byName[a.Component] == nil {
			order = append(order, a.Component)
		}
		byName[a.Component] = append(byName[a.Component], &Change{Addr: instance(a)})
	}
	for _, c := range order {
		verb := "keeps its version"
		if len(byName[c]) > 1 {
			verb = "keep their version"
		}
		r.wrapped(0, plain, fmt.Sprintf("Canary: %s %s until recipe promote %s.", rangeOf(byName[c], ""), verb, c))
	}
	for _, a := range r.plan.Idle {
		r.wrapped(0, plain, fmt.Sprintf("%s does not run, and stays so: recipe start '%s'.", a, a))
	}
	r.blank()
}
