package plan

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Input is what a plan is made from.
type Input struct {
	Graph    *eval.Graph  // nil to remove everything; it is put into the slots that the state has
	State    *state.State // read only
	Provider sdk.Provider
	Seal     state.Seal // puts secrets of planned values away; nil to check only: the plan then has no values
	Open     state.Open
	ID       func(clear string) string // the name Seal gives
	// Settle returns a wanted value with those computed attributes filled in that are known before anything is done, as what a
	// lock file says. It is asked again when instances move, and answers the same; nil fills in nothing.
	Settle func(typ string, wanted cty.Value) cty.Value

	Targets  []addr.Instance  // only these, and what they need; nil for everything
	Replace  []addr.Instance  // replaced even if nothing changes
	Promote  []addr.Component // of these no instance is held back
	NoBackup bool             // delete data without writing it aside before
	Trust    bool             // take the world as last known instead of looking
	Now      time.Time

	// Window is how many nodes are looked at before they are planned, and forgotten after it: decoded values are what takes most
	// memory. 0 is 4096. The plan is the same.
	Window int
}

// Make compares and orders. The plan has its changes, order, effects and outputs; the caller adds where it comes
// from (Tree, Variables, Lock). With errors the plan is nil. The resources of in.Provider are only read.
func Make(ctx context.Context, in Input) (*Plan, hcl.Diagnostics) {
	in.Window = cmp.Or(in.Window, 4096)
	m := maker{Input: in, types: kindsOf(in.Provider.Schema().Types)}
	m.recall()
	if m.diags = m.unnamed(); m.diags.HasErrors() {
		return nil, m.diags
	}
	if in.Graph != nil {
		m.settleSlots(ctx)
	} else {
		m.sort()
		m.look(ctx, m.extra)
	}
	if m.diags.HasErrors() {
		return nil, m.diags
	}
	m.effects()
	m.remove()
	m.backups()
	if m.diags.HasErrors() {
		return nil, m.diags
	}
	p := m.plan()
	if m.diags.HasErrors() {
		return nil, m.diags
	}
	return p, m.diags
}

type maker struct {
	Input
	types         map[string]*kind
	seen          []known
	known         []*known // by node of the graph: what is recorded of it, nil for nothing
	extra         []*known // recorded, but not wanted any more
	pass          *eval.Pass
	tasks         []task                          // first one per node of the graph, then what is removed
	gone          map[addr.Instance]int32         // prior objects and joins to their task
	rolls         map[addr.Instance]*Roll         // by instance
	starts        map[addr.Instance]time.Duration // by component and part: the slowest start of its instances; nil until asked for
	served        map[addr.Component]bool         // whether it has an endpoint; nil until asked for
	held          map[addr.Instance]bool          // instances that stay as they are until they are promoted
	text          []byte                          // where values are written, to be copied in their size
	diags, looked hcl.Diagnostics                 // looked are those of looking at what is there
}

// task is a Change before those that do nothing are left out.
type task struct {
	Change
	needs  []int32
	took   time.Duration
	moves  bool // a process would have to be stopped and started, or its place be made anew
	reruns bool // a command runs again
}

// want plans every node of the graph, needs first, as far as what is there can be looked at.
func (m *maker) want(ctx context.Context) {
	if m.look(ctx, m.extra).HasErrors() {
		return
	}
	selected := m.selected()
	m.tasks = make([]task, len(m.Graph.Nodes))
	for ids := range slices.Chunk(m.Graph.Order, m.Window) {
		if m.lookAhead(ctx, ids).HasErrors() {
			return
		}
		for _, id := range ids {
			m.node(ctx, id, selected)
		}
		if len(m.Graph.Order) > m.Window {
			m.forget(ids)
		}
	}
}

// node plans one node, all of whose needs are planned. selected is nil if all are.
func (m *maker) node(ctx context.Context, id int32, selected []bool) {
	n := &m.Graph.Nodes[id]
	m.tasks[id] = task{Change: Change{Addr: n.Addr, Type: n.Type, Action: NoOp}, needs: n.Needs}
	prior := m.known[id]
	if prior != nil {
		m.tasks[id].took = prior.object.Took
	}
	if selected != nil && !selected[id] || n.Addr.Index != addr.Whole && m.held[instance(n.Addr)] {
		if prior != nil {
			m.pass.Set(id, prior.recorded)
		} else if n.Type == "" {
			_, _ = m.pass.Wanted(id) // best effort: what is left out may be missing
		}
		return
	}
	wanted, diags := m.pass.Wanted(id)
	m.diags = append(m.diags, diags...)
	if n.Type == "" {
		return
	}
	if diags.HasErrors() {
		m.pass.Set(id, cty.UnknownVal(m.types[n.Type].object))
		return
	}
	if m.Settle != nil {
		wanted = m.Settle(n.Type, wanted)
	}
	m.resource(ctx, id, n, wanted, prior)
}

// resource decides what to do with one node and tells the pass how it will turn out.
func (m *maker) resource(ctx context.Context, id int32, n *eval.Desired, wanted cty.Value, prior *known) {
	c := comparison{kind: m.types[n.Type]}
	t := &m.tasks[id]
	anew := m.anew(t, n, prior)
	var before cty.Value
	if prior != nil && !prior.actual.IsNull() {
		before = prior.actual
	}
	var planned cty.Value
	if planner := m.planner(n.Type); planner != nil {
		var ok bool
		if planned, ok = m.ask(ctx, planner, &c, t, n, wanted, prior, anew); !ok {
			m.pass.Set(id, cty.UnknownVal(c.object))
			return
		}
	} else {
		if !anew {
			c.differences(prior, wanted)
			t.Action, t.Reason = c.action()
		}
		planned = c.planned(before, wanted, t.Action)
	}
	if t.Action == NoOp {
		t.Action, t.Reason = c.recordedAnew(prior)
	}
	m.pass.Set(id, planned)
	if t.Action == NoOp {
		return
	}
	t.Attributes = c.changed
	t.Before, t.After = m.encode(t.Addr, before), m.encode(t.Addr, planned) // at once: text is a tenth as large as a value
	t.moves = (n.Type == "instance" || n.Type == "allocation") && (t.Action == Restart || t.Action == Replace) && !slices.Equal(c.names, []string{"running"})
	t.reruns = slices.Contains(c.names, "trigger")
	t.Data = t.Action == Replace && m.types[n.Type].Data
}

// anew settles the action for a thing that is made anew, whatever differs.
func (m *maker) anew(t *task, n *eval.Desired, prior *known) bool {
	switch {
	case prior == nil:
		t.Action, t.Reason = Create, "new"
		if n.Why != "" {
			t.Reason = n.Why
		}
	case prior.actual.IsNull() && prior.tainted:
		t.Action, t.Reason = Create, "an earlier run did not finish it"
	case prior.actual.IsNull():
		t.Action, t.Reason = Create, "it is gone"
	case prior.tainted:
		t.Action, t.Reason = Replace, "an earlier run left it half done"
	case m.replaced(n.Addr):
		t.Action, t.Reason = Replace, "you asked for it"
	default:
		return false
	}
	return true
}

// effects says what the changes mean, once they are settled.
func (m *maker) effects() {
	for id := range m.tasks {
		if t := &m.tasks[id]; t.Action != NoOp {
			t.Effect = m.effect(int32(id), t.Action)
		}
	}
}

func (m *maker) encode(a addr.Instance, v cty.Value) state.Encoded {
	if v == cty.NilVal || m.Seal == nil {
		return nil
	}
	text, err := state.Append(m.text[:0], v, m.Seal)
	if err != nil {
		m.fail(a, err)
		return nil
	}
	m.text = text
	return bytes.Clone(text)
}

func (m *maker) fail(a addr.Instance, err error) {
	m.diags = append(m.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Cannot plan " + a.String(), Detail: fmt.Sprintf("%s.", err)})
}

func (m *maker) replaced(a addr.Instance) bool {
	for _, r := range m.Replace {
		if r == a || r == a.In(addr.SlotA) {
			return true
		}
	}
	return false
}

// selected marks the nodes that targets name and all that these need; nil selects everything.
func (m *maker) selected() []bool {
	if m.Targets == nil {
		return nil
	}
	selected := make([]bool, len(m.Graph.Nodes))
	todo := []int32{}
	for id := range m.Graph.Nodes {
		if m.targeted(m.Graph.Nodes[id].Addr) {
			todo = append(todo, int32(id))
		}
	}
	for len(todo) > 0 {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !selected[id] {
			selected[id] = true
			todo = append(todo, m.Graph.Nodes[id].Needs...)
		}
	}
	return selected
}

func (m *maker) targeted(a addr.Instance) bool {
	if m.Targets == nil {
		return true
	}
	for _, t := range m.Targets {
		if t.Contains(a) {
			return true
		}
	}
	return false
}
