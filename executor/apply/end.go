package apply

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/state"
)

// end records the end of the run as a generation.
func (c *carrier) end() (Result, error) {
	e := &endRecord{Generation: c.generation(), KeepOutputs: true}
	if e.Generation.Result == "done" && c.Graph != nil {
		if err := c.outputs(e); err != nil {
			e.Generation.Error = err.Error()
		}
		if err := c.failed(); err != nil {
			return Result{}, err
		}
		c.joins(e)
	}
	if e.Generation.Result == "done" && c.Graph == nil {
		e.KeepOutputs = false
		c.Book.View(func(s *state.State, _ *Run) {
			for a, o := range s.Objects {
				if o.Type == "" {
					e.Gone = append(e.Gone, a.String())
				}
			}
		})
	}
	if c.Mark != nil {
		if err := c.Mark(e.Generation.Number); err != nil {
			return Result{}, err
		}
	}
	if err := c.Book.append(record{End: e}); err != nil {
		return Result{}, err
	}
	_ = c.Book.compact() // the run has ended whatever becomes of it; the next one tries again, or finds that the journal has failed
	return Result{Generation: e.Generation, Outputs: e.Outputs}, nil
}

func (c *carrier) generation() state.Generation {
	g := state.Generation{Held: c.run.Held, Number: c.run.Plan.Generation, Time: c.Now(), Action: "apply", Result: "done", Tree: c.run.Plan.Tree, Changes: map[string]int{}}
	p := c.run.Plan
	switch {
	case p.Destroy:
		g.Action = "destroy"
	case p.Action != "":
		g.Action, g.Of = p.Action, p.Of
	}
	g.OSPackages = p.OSPackages
	g.Variables, g.Scale, g.Plugins, g.Stays, g.Installed = p.Variables, p.Scale, p.Plugins, p.Held, c.installed()
	for action, n := range c.run.Plan.Count() {
		g.Changes[string(action)] = n
	}
	if c.run.Plan.Lock != nil {
		g.Lock, _ = json.Marshal(c.run.Plan.Lock) // plain data always encodes
	}
	if c.run.Stopped {
		g.Result = "stopped"
	} else if c.run.Undoing {
		g.Result = "undone"
	}
	g.Error = c.run.Error
	for i := range c.run.Tasks {
		if t := &c.run.Tasks[i]; t.Status == Stuck {
			g.Result = "error"
			g.Error += fmt.Sprintf("\nand it could not be taken back: %s: %s", c.changes[i].Addr, t.Error)
		}
	}
	return g
}

// installed are the entries of the store that what is installed once for all components is in.
func (c *carrier) installed() []string {
	keys := []string{}
	c.Book.View(func(s *state.State, _ *Run) {
		for a, o := range s.Objects {
			if a.Component.Kind == addr.Package {
				state.StoreKeys(o.Value, func(key string) { keys = append(keys, key) })
			}
		}
	})
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (c *carrier) outputs(e *endRecord) error {
	if c.run.Plan.Targets != nil {
		return nil // what was left out would be missing
	}
	for _, id := range c.Graph.Order {
		if c.Graph.Nodes[id].Type == "" {
			_, _ = c.pass.Wanted(id)
		}
	}
	values, diags := c.pass.Outputs()
	if diags.HasErrors() {
		return diags
	}
	outputs := map[string]state.Output{}
	for name, o := range values {
		encoded, err := state.Encode(o.Value, c.seal)
		if err != nil {
			return fmt.Errorf("output %s: %w", name, err)
		}
		ty, err := ctyjson.MarshalType(typeOf(o.Value))
		if err != nil {
			return err
		}
		outputs[name] = state.Output{Value: encoded, Type: ty, Sensitive: o.Sensitive}
	}
	e.KeepOutputs, e.Outputs = false, outputs
	return nil
}

func typeOf(v cty.Value) cty.Type {
	v, _ = v.UnmarkDeep()
	return v.Type()
}

// joins brings the recorded joins, and the needs of what was not changed, in line with the graph.
func (c *carrier) joins(e *endRecord) {
	held := held(c.run.Plan.Held)
	c.Book.View(func(s *state.State, _ *Run) {
		needed := held.needed(s)
		for id := range c.Graph.Nodes {
			n := &c.Graph.Nodes[id]
			o := s.Objects[n.Addr]
			if n.Type != "" && o == nil || held.instance(n.Addr) {
				continue // left out by -target, or as it was
			}
			needs := needsOf(n.Needs, func(id int32) addr.Instance { return c.Graph.Nodes[id].Addr })
			if n.Type == "" && o != nil && held.component(n.Addr) {
				needs = held.both(needs, o.Needs, s)
			}
			if o != nil && slices.Equal(o.Needs, needs) {
				continue
			}
			changed := state.Object{Addr: n.Addr, Needs: needs}
			if o != nil {
				changed = *o
				changed.Needs = needs
			}
			e.Objects = append(e.Objects, changed)
		}
		for a, o := range s.Objects {
			if _, ok := c.Graph.Find(a); !ok && o.Type == "" && !held.component(a) && !needed[a] {
				e.Gone = append(e.Gone, a.String())
			}
		}
	})
	slices.Sort(e.Gone)
}
