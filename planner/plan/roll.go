package plan

import (
	"context"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/state"
)

// Roll is an instance that moves to its other slot: the new one is created there while the old one works, and the old
// one is removed once the new one is ready. Its changes have Change.Roll.
type Roll struct {
	From       addr.Instance `json:"from"` // where it lived
	To         addr.Instance `json:"to"`
	Reason     string        `json:"reason"`
	Attributes []Difference  `json:"attributes,omitempty"` // what is different there; paths begin with the part

	update eval.Update
}

// Second lists the instances of a state that live in their second slot, sorted. An interrupted update can have left
// something in both: then it is the one with more processes that work.
func Second(s *state.State) []addr.Instance {
	weight := map[addr.Instance]int{} // of the second slot, less that of the first
	for a, o := range s.Objects {
		if a.Index == addr.Whole || o.Type != "allocation" && o.Type != "instance" {
			continue
		}
		w := 1
		if o.Type == "instance" && !o.Tainted {
			w = 1000
		}
		if a.Slot == addr.SlotA {
			w = -w
		}
		weight[a.Whole().In(addr.SlotB)] += w
	}
	var second []addr.Instance
	for a, w := range weight {
		if w > 0 {
			second = append(second, a)
		}
	}
	return sorted(second)
}

func sorted(list []addr.Instance) []addr.Instance {
	slices.SortFunc(list, func(a, b addr.Instance) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// instance is the address of the instance that a part belongs to, whatever slot it is in.
func instance(a addr.Instance) addr.Instance { return a.Whole().In(addr.SlotA) }

// settleSlots plans until it is settled which instances move to their other slot and which are held back: what moves
// may change what others are told, so that they move too. Each instance is decided about once.
func (m *maker) settleSlots(ctx context.Context) {
	m.rolls, m.held = map[addr.Instance]*Roll{}, map[addr.Instance]bool{}
	for {
		graph, diags := m.Graph.InSlots(ctx, m.second())
		m.diags = append(slices.Clone(m.looked), diags...)
		if diags.HasErrors() {
			return
		}
		m.Graph, m.pass = graph, graph.NewPass(m.ID)
		m.sort()
		m.want(ctx)
		if m.diags.HasErrors() || !m.decide() {
			return
		}
	}
}

// second are the instances in their second slot, after the moves that are decided.
func (m *maker) second() []addr.Instance {
	var second []addr.Instance
	for _, a := range Second(m.State) {
		if m.rolls[instance(a)] == nil {
			second = append(second, a)
		}
	}
	for _, r := range m.rolls {
		if r.To.Slot == addr.SlotB {
			second = append(second, r.To)
		}
	}
	return sorted(second)
}

// decide finds instances whose processes would be stopped and started again, and reports whether it has found any that
// are to be moved or held back instead.
func (m *maker) decide() (more bool) {
	for id := range m.tasks {
		t := &m.tasks[id]
		if !t.moves || m.rolls[instance(t.Addr)] != nil {
			continue
		}
		u := m.Graph.Update(int32(id))
		if !u.Rolls() || m.single(t.Addr, u) != "" {
			continue
		}
		more = true
		if u.Canary > 0 && t.Addr.Index >= u.Canary && !m.promoted(t.Addr) {
			m.held[instance(t.Addr)] = true
			continue
		}
		from := t.Addr.Whole()
		m.rolls[instance(from)] = &Roll{From: from, To: from.In(from.Slot.Other()), Reason: t.Reason, update: u}
	}
	if more {
		m.describeRolls()
	}
	return more
}

// describeRolls notes what is different in the slots that were just decided to be left.
func (m *maker) describeRolls() {
	for id := range m.tasks {
		t := &m.tasks[id]
		r := m.rolls[instance(t.Addr)]
		if r == nil || r.From.Slot != t.Addr.Slot || t.Action == NoOp || !m.Graph.Slotted(int32(id)) {
			continue
		}
		if t.Action == Create {
			if m.known[id] != nil { // so that its users are told (known after apply), which would say little
				r.Reason = t.Addr.Part + " is gone"
			}
			continue
		}
		for _, d := range t.Attributes {
			if t.Addr.Part != "" {
				d.Path = t.Addr.Part + " " + d.Path
			}
			r.Attributes = append(r.Attributes, d)
		}
	}
}

// single says why an instance cannot be there twice though its recipe would allow it; "" if it can.
func (m *maker) single(a addr.Instance, u eval.Update) string {
	id, ok := m.Graph.Find(a.Whole())
	if !ok {
		return ""
	}
	for _, number := range elements(m.pass.Value(id).GetAttr("wanted")) {
		if number, _ := number.Unmark(); !number.IsKnown() || number.Equals(cty.Zero).False() {
			return "its port has a fixed number"
		}
	}
	if prior := m.known[id]; prior != nil && !u.Said && prior.used {
		return "there are files in its data directory, which only one may use"
	}
	return ""
}

// used reports whether an allocation has anything in its data directory.
func used(v cty.Value) bool {
	if v == cty.NilVal || v.IsNull() || !v.Type().HasAttribute("used") {
		return false
	}
	u := v.GetAttr("used")
	return u.IsKnown() && !u.IsNull() && u.True()
}

// unused reports whether an allocation is known to have nothing in its data directory.
func unused(v cty.Value) bool {
	return v != cty.NilVal && !v.IsNull() && v.Type().HasAttribute("used") && v.GetAttr("used").IsKnown() && !v.GetAttr("used").IsNull() && !used(v)
}

func (m *maker) promoted(a addr.Instance) bool {
	return slices.ContainsFunc(m.Promote, func(c addr.Component) bool { return c.Of("").Contains(a) })
}

// left reports whether something is in a slot that its instance leaves. Steps are in none.
func (m *maker) left(a addr.Instance) bool {
	r := m.rolls[instance(a)]
	return r != nil && a.Index != addr.Whole && r.From.Slot == a.Slot && !strings.HasPrefix(a.Part, "step.")
}

// wanted reports whether the graph has the resource or join.
func (m *maker) wanted(a addr.Instance) bool {
	_, ok := m.Graph.Find(a)
	return ok
}

// orderRolls makes an old process go after the new ones are ready, the next instance begin after that, and the component
// be up when all of them are through: who needs it is changed then.
func (m *maker) orderRolls() {
	if len(m.rolls) == 0 {
		return
	}
	parts := m.partsOfRolls()
	ended := map[addr.Component][][]int32{} // by component: after which tasks each instance so far is through
	for _, r := range m.sortedRolls() {
		p, c := parts[instance(r.From)], r.From.Component
		for _, old := range p.old {
			m.after(old, p.fresh)
		}
		for _, timed := range p.timed {
			m.after(timed, p.fresh)
		}
		for _, rest := range p.rest { // the step between a process and its place belongs to both slots
			m.after(rest, p.old)
			m.after(rest, p.timed)
		}
		through := slices.Concat(p.old, p.fresh, p.timed)
		if before := len(ended[c]) - r.update.MaxParallel; before >= 0 {
			for _, id := range append(slices.Clone(p.fresh), p.steps...) {
				m.after(id, ended[c][before])
			}
		}
		ended[c] = append(ended[c], through)
		if final, ok := m.Graph.Find(c.Of("")); ok {
			m.after(final, through)
		}
	}
}

func (m *maker) sortedRolls() []*Roll {
	var list []*Roll
	for _, r := range m.rolls {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *Roll) int {
		if c := strings.Compare(a.From.Component.String(), b.From.Component.String()); c != 0 {
			return c
		}
		return a.From.Index - b.From.Index
	})
	return list
}

// rollParts are the tasks of one instance that moves.
type rollParts struct {
	old, fresh []int32 // processes
	timed      []int32 // those that run at times; they live in no slot, and on what is in one
	rest       []int32 // what the old ones live on
	steps      []int32
}

// partsOfRolls finds them, and marks what is nothing but a part of the move.
func (m *maker) partsOfRolls() map[addr.Instance]*rollParts {
	parts := map[addr.Instance]*rollParts{}
	for a := range m.rolls {
		parts[a] = &rollParts{}
	}
	for i := range m.tasks {
		t := &m.tasks[i]
		p := parts[instance(t.Addr)]
		if p == nil || t.Addr.Index == addr.Whole {
			continue
		}
		leaves := i >= len(m.Graph.Nodes)
		switch {
		case t.Type == "instance" && leaves:
			p.old = append(p.old, int32(i))
		case t.Type == "instance":
			p.fresh = append(p.fresh, int32(i))
		case t.Type == "schedule":
			p.timed = append(p.timed, int32(i))
		case t.Type == "command" && !leaves && !m.Graph.Slotted(int32(i)):
			p.steps = append(p.steps, int32(i))
			t.Roll = !t.reruns && t.Action == Update
			continue
		case m.left(t.Addr):
			p.rest = append(p.rest, int32(i))
		}
		t.Roll = t.Does()
	}
	return parts
}

// after adds needs to a task. Those of a node belong to the graph and are not written to.
func (m *maker) after(id int32, needs []int32) {
	t := &m.tasks[id]
	t.needs = append(slices.Clip(t.needs), needs...)
}

// stillNeeded are the recorded resources and joins that instances which are held back need, by whatever way.
func (m *maker) stillNeeded() map[addr.Instance]bool {
	return m.State.NeededBy(func(a addr.Instance) bool { return a.Index != addr.Whole && m.held[instance(a)] }, m.left)
}

// rolled puts what was decided into the plan.
func (m *maker) rolled(p *Plan) {
	if m.Graph == nil {
		return
	}
	p.Second = m.second()
	for _, r := range m.sortedRolls() {
		p.Rolls = append(p.Rolls, *r)
	}
	for id := range m.Graph.Nodes {
		if t := &m.tasks[id]; t.Does() && m.Graph.Update(int32(id)).Hold && !slices.Contains(p.Hold, t.Addr.Component) {
			p.Hold = append(p.Hold, t.Addr.Component)
		}
	}
	for a := range m.held {
		for _, slot := range []addr.Slot{addr.SlotA, addr.SlotB} {
			if m.wanted(a.In(slot)) {
				p.Held = append(p.Held, a.In(slot))
			}
		}
	}
	sorted(p.Held)
	for id := range m.Graph.Nodes {
		n := &m.Graph.Nodes[id]
		if k := m.known[id]; k != nil && n.Type == "instance" && !k.runs && n.Addr.Index != addr.Whole && m.held[instance(n.Addr)] {
			p.Idle = append(p.Idle, n.Addr)
		}
	}
	sorted(p.Idle)
}
