package apply

import (
	"slices"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/state"
)

// held are the instances of a plan that keep their version. What they need is needed on, also where the new version needs
// something else, and the recorded needs say so.
type held []addr.Instance

func (h held) instance(a addr.Instance) bool {
	return a.Index != addr.Whole && slices.ContainsFunc(h, func(i addr.Instance) bool { return i.Component == a.Component && i.Index == a.Index })
}

func (h held) component(a addr.Instance) bool {
	return slices.ContainsFunc(h, func(i addr.Instance) bool { return i.Component == a.Component })
}

// both are the needs of now together with those of before that are still there.
func (held) both(now, before []addr.Instance, s *state.State) []addr.Instance {
	all := slices.Clone(now)
	for _, a := range before {
		if s.Objects[a] != nil && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}
