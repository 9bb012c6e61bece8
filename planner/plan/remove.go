package plan

import (
	"slices"
	"strings"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/state"
)

// remove plans the end of what is recorded and no longer wanted. Something goes only after everything that needed
// it has let go: was removed too, or was changed so that it no longer does.
func (m *maker) remove() {
	m.gone = map[addr.Instance]int32{}
	removed := m.removed()
	m.orderTurns()
	if len(removed) == 0 {
		m.orderRolls()
		return
	}
	for _, k := range removed {
		o := k.object
		m.gone[o.Addr] = int32(len(m.tasks))
		t := task{Change: Change{Addr: o.Addr, Type: o.Type, Action: NoOp}}
		if o.Type != "" {
			t.Action, t.Reason = Remove, m.whyRemoved(o)
			if k.actual.IsNull() {
				t.Action, t.Reason = Forget, "it is gone already"
			}
			before := k.recorded
			if m.types[o.Type].Data {
				before = k.actual // which says whether there is data that the plan does not speak of
			}
			t.Before = m.encode(o.Addr, before)
			t.took = o.Took
		}
		m.tasks = append(m.tasks, t)
	}
	m.forgetContained()
	for _, dependent := range m.State.Objects {
		at := m.letsGo(dependent)
		for _, need := range dependent.Needs {
			if dependent.Type == "" && m.left(need) {
				continue // the component does not need the old one of an instance that moves: see orderRolls
			}
			if on, ok := m.gone[need]; ok && at >= 0 && on != at {
				m.tasks[on].needs = append(m.tasks[on].needs, at)
			}
		}
	}
	m.orderRolls()
	first := len(m.tasks) - len(removed)
	for i, k := range removed {
		t := &m.tasks[first+i]
		slices.Sort(t.needs) // the state's objects come in no order
		m.removalEffect(t, k)
	}
}

// removed lists the recorded resources that are no longer wanted, and all recorded joins: what needed something
// through a join lets go of the join first.
func (m *maker) removed() []*known {
	var list []*known
	needed := m.stillNeeded()
	for _, k := range m.extra {
		if a := k.object.Addr; !needed[a] && (m.targeted(a) || m.left(a)) {
			list = append(list, k)
		}
	}
	if list == nil {
		return nil
	}
	for _, o := range m.State.Objects {
		if o.Type == "" {
			list = append(list, &known{object: o})
		}
	}
	slices.SortFunc(list, func(a, b *known) int { return strings.Compare(a.object.Addr.String(), b.object.Addr.String()) })
	return list
}

// letsGo is the task after which a recorded resource or join no longer needs what it needed; -1 if there is none.
func (m *maker) letsGo(o *state.Object) int32 {
	if at, ok := m.gone[o.Addr]; ok {
		return at
	}
	if m.Graph != nil {
		if id, ok := m.Graph.Find(o.Addr); ok {
			return id
		}
	}
	return -1
}

func (m *maker) whyRemoved(o *state.Object) string {
	if m.Graph == nil {
		return "the stack is destroyed"
	}
	if _, ok := m.Graph.Find(o.Addr.Component.Of("")); !ok {
		return o.Addr.Component.String() + " is not in the stack any more"
	}
	if o.Addr.Index != addr.Whole {
		if r := m.rolls[instance(o.Addr)]; r != nil && o.Addr.Slot == r.From.Slot {
			return "the new one takes over"
		}
		if !m.wanted(instance(o.Addr)) && !m.wanted(instance(o.Addr).In(addr.SlotB)) {
			return "fewer instances are wanted"
		}
	}
	return "it is not wanted any more"
}

// forgetContained turns the removal of what lives inside an implementation, such as a database user, into forgetting
// when the implementation goes too: there would be nobody to ask, and nothing is left to remove.
func (m *maker) forgetContained() {
	for a, at := range m.gone {
		part, isBinding := strings.CutPrefix(a.Part, "bind.")
		t := &m.tasks[at]
		if !isBinding || t.Action != Remove || strings.Count(part, ".") < 2 {
			continue
		}
		for _, need := range m.State.Objects[a].Needs {
			// A bind resource needs its implementation as a whole.
			if need.Index == addr.Whole && need.Part == "" && need.Component != a.Component && m.goesAway(need.Component) {
				t.Action, t.Reason = Forget, "it goes with "+need.Component.String()
			}
		}
	}
}

func (m *maker) goesAway(c addr.Component) bool {
	if m.Graph != nil {
		if _, ok := m.Graph.Find(c.Of("")); ok {
			return false
		}
	}
	return m.targeted(c.Of(""))
}
