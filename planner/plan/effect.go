package plan

import (
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
)

// effect says what a change of a wanted resource means for what runs and for the machine.
func (m *maker) effect(id int32, action Action) string {
	n := &m.Graph.Nodes[id]
	schema := m.types[n.Type]
	switch {
	case schema.Machine:
		return "changes the machine outside RECIPE_HOME"
	case action == Replace && schema.Data:
		return "deletes its data"
	case action == Restart && m.Graph.Backups(id) > 0: // see orderTurns
		return "restarts in turn, the highest instance first" + m.lastTime(n.Addr) + "; a backup takes over from a primary"
	case action == Restart && m.Graph.Siblings(id) > 1:
		return fmt.Sprintf("restarts together with the other instances of %s%s", n.Addr.Component, m.lastTime(n.Addr)) + m.wait(n.Addr) + m.whyDown(id)
	case action == Restart:
		return "not available while it restarts" + m.lastTime(n.Addr) + m.wait(n.Addr) + m.whyDown(id)
	}
	return ""
}

// wait says what becomes of connections to the component meanwhile, if it has any: one without an endpoint has not.
func (m *maker) wait(a addr.Instance) string {
	if m.served == nil {
		m.served = map[addr.Component]bool{}
		for i := range m.Graph.Nodes {
			if n := &m.Graph.Nodes[i]; n.Type == "endpoint" {
				m.served[n.Addr.Component] = true
			}
		}
	}
	if !m.served[a.Component] {
		return ""
	}
	return "; connections to it wait"
}

// lastTime says how long a restart is going to take, as far as earlier starts tell: that of the slowest of the instances.
func (m *maker) lastTime(a addr.Instance) string {
	if m.starts == nil {
		m.starts = map[addr.Instance]time.Duration{}
		for i := range m.tasks {
			t := &m.tasks[i]
			key := t.Addr.Component.Of(t.Addr.Part)
			m.starts[key] = max(m.starts[key], t.took)
		}
	}
	took := m.starts[a.Component.Of(a.Part)]
	if took < time.Millisecond {
		return ""
	}
	return ", for about " + roughly(took)
}

// whyDown says why a process is not available for a moment where that is for its own reasons.
func (m *maker) whyDown(id int32) string {
	if !m.tasks[id].moves {
		return ""
	}
	u := m.Graph.Update(id)
	why := u.Why
	if u.Rolls() {
		why = m.single(m.Graph.Nodes[id].Addr, u)
	}
	if why == "" {
		return ""
	}
	return " (not rolled: " + why + ")"
}

// removalEffect says what is lost.
func (m *maker) removalEffect(t *task, k *known) {
	schema := m.types[t.Type]
	switch {
	case t.Action != Remove:
	case schema.Data && !m.Trust && unused(k.actual):
	case schema.Data:
		t.Data = true
		t.Effect = "deletes its data"
		if directory := textOf(k.recorded, "directory"); directory != "" {
			t.Effect = "deletes its data in " + directory
		}
	case schema.Shared:
		t.Effect = "stays in the store"
	case schema.Machine:
		t.Effect = "changes the machine outside RECIPE_HOME"
	}
}

func textOf(v cty.Value, attribute string) string {
	if v == cty.NilVal || v.IsNull() || !v.Type().HasAttribute(attribute) {
		return ""
	}
	s, _ := v.GetAttr(attribute).Unmark()
	if s.IsNull() || !s.IsKnown() || s.Type() != cty.String {
		return ""
	}
	return s.AsString()
}
