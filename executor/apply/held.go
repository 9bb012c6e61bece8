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

// needed is what the instances need, by whatever way: a join on that way leads to what the graph of the new version does not have any more.
func (h held) needed(s *state.State) map[addr.Instance]bool {
	if len(h) == 0 {
		return nil
	}
	return s.NeededBy(h.instance, nil)
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
