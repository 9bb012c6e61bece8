package plan

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/eval"
)

// effect says what a change of a wanted resource means for what runs and for the machine.
func (m *maker) effect(n *eval.Desired, action Action) string {
	schema := m.types[n.Type]
	switch {
	case schema.Machine:
		return "changes the machine outside RECIPE_HOME"
	case action == Replace && schema.Data:
		return "deletes its data"
	case action == Restart && m.siblings(n.Addr) > 1:
		return fmt.Sprintf("restarts together with the other instances of %s; connections to it wait", n.Addr.Component)
	case action == Restart:
		return "not available while it restarts; connections to it wait"
	}
	return ""
}

// siblings is how many instances the component has.
func (m *maker) siblings(a addr.Instance) int {
	n := 0
	for ; ; n++ {
		if _, ok := m.Graph.Find(a.Component.At(n, "")); !ok {
			return n
		}
	}
}

// removalEffect says what is lost.
func (m *maker) removalEffect(t *task, k *known) {
	schema := m.types[t.Type]
	switch {
	case t.Action != Remove:
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
