package plan

import (
	"maps"
	"slices"
	"time"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/dag"
)

// plan puts the tasks in order and leaves out those that neither do anything nor carry the order of two that do.
func (m *maker) plan() *Plan {
	p := &Plan{FormatVersion: FormatVersion, Created: m.Now, Stack: m.State.Stack, Directory: m.State.Directory,
		Lineage: m.State.Lineage, Serial: m.State.Serial, Generation: m.State.Generation() + 1, Destroy: m.Graph == nil, Targets: m.Targets}
	needs := make([][]int32, len(m.tasks))
	for i := range m.tasks {
		needs[i] = m.tasks[i].needs
	}
	g := dag.New(needs)
	order, cycle := g.Order()
	if cycle != nil {
		m.fail(m.tasks[cycle[0]].Addr, cycleError(m.addresses(cycle)))
		return nil
	}
	p.Changes = m.changes(g, order)
	for i := range m.tasks {
		if t := &m.tasks[i]; t.Type != "" && t.Action == NoOp && (i >= len(m.known) || m.known[i] != nil) { // what is left out may not be there
			p.Kept++
		}
	}
	m.rolled(p)
	m.criticalPath(p)
	m.outputs(p)
	return p
}

type cycleError []addr.Instance

func (c cycleError) Error() string {
	text := "internal error: its changes need each other: "
	for _, a := range c {
		text += a.String() + ", "
	}
	return text + "and again"
}

func (m *maker) addresses(ids []int32) []addr.Instance {
	all := make([]addr.Instance, len(ids))
	for i, id := range ids {
		all[i] = m.tasks[id].Addr
	}
	return all
}

// changes keeps a task that does nothing only if something that does lies before it and after it.
func (m *maker) changes(g *dag.Graph, order []int32) []Change {
	var active []int32
	for i := range m.tasks {
		if m.tasks[i].Does() {
			active = append(active, int32(i))
		}
	}
	if active == nil {
		return nil
	}
	dependents := g.Dependents()
	before := g.Reach(active, g.Needs)
	after := g.Reach(active, func(i int32) []int32 { return dependents[i] })
	kept := 0
	for i := range m.tasks {
		if m.tasks[i].Does() || before[i] && after[i] {
			kept++
		}
	}
	place := make([]int32, len(m.tasks))
	changes := make([]Change, 0, kept)
	for _, id := range order {
		place[id] = -1
		t := &m.tasks[id]
		if !t.Does() && !(before[id] && after[id]) {
			continue
		}
		c := t.Change
		for _, need := range t.needs {
			if place[need] >= 0 {
				c.Needs = append(c.Needs, place[need])
			}
		}
		place[id] = int32(len(changes))
		changes = append(changes, c)
	}
	return changes
}

// guesses are what changes cost that were never measured, only to tell a long chain from a short one.
var guesses = map[string]time.Duration{"deb": 10 * time.Second, "go_build": 10 * time.Second, "archive": 5 * time.Second,
	"command": time.Second, "instance": 500 * time.Millisecond}

func (m *maker) criticalPath(p *Plan) {
	took := map[addr.Instance]time.Duration{}
	for i := range m.tasks {
		if t := &m.tasks[i]; t.took > 0 && t.Action != Remove && t.Action != Forget { // it was measured when made
			took[m.tasks[i].Addr] = m.tasks[i].took
		}
	}
	needs := make([][]int32, len(p.Changes))
	order := make([]int32, len(p.Changes))
	for i := range p.Changes {
		needs[i], order[i] = p.Changes[i].Needs, int32(i)
	}
	cost := func(i int32) int64 {
		c := &p.Changes[i]
		switch measured := took[c.Addr]; {
		case !c.Does():
			return 0
		case measured > 0:
			return int64(measured)
		case guesses[c.Type] > 0:
			return int64(guesses[c.Type])
		}
		return int64(time.Millisecond)
	}
	path, total := dag.New(needs).CriticalPath(order, cost)
	measured := true
	for _, i := range path {
		if c := &p.Changes[i]; c.Does() {
			p.CriticalPath = append(p.CriticalPath, i)
			measured = measured && took[c.Addr] > 0
		}
	}
	if measured {
		p.Estimate = time.Duration(total)
	}
}

// outputs compares what the stack shows with what it showed.
func (m *maker) outputs(p *Plan) {
	if m.pass == nil || m.Targets != nil {
		return
	}
	values, diags := m.pass.Outputs()
	m.diags = append(m.diags, diags...)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		encoded := m.encode(addr.Instance{}, values[name].Value)
		prior, had := m.State.Outputs[name]
		if had && string(prior.Value) == string(encoded) {
			continue
		}
		c := OutputChange{Name: name, After: Text(values[name].Value)}
		if had {
			c.Before = "(as before)"
			if v, err := prior.Decode(m.Open); err == nil {
				c.Before = Text(v)
			}
		}
		p.Outputs = append(p.Outputs, c)
	}
	for _, name := range slices.Sorted(maps.Keys(m.State.Outputs)) {
		if _, still := values[name]; !still {
			c := OutputChange{Name: name}
			if v, err := m.State.Outputs[name].Decode(m.Open); err == nil {
				c.Before = Text(v)
			}
			p.Outputs = append(p.Outputs, c)
		}
	}
}
