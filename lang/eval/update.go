package eval

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/config"
)

// Update is how the instances of a component come to a new version.
type Update struct {
	Strategy    string // config.Rolling, Canary or Recreate
	Said        bool   // the stack or the recipe says so; else it is the usual for such a recipe
	Why         string // why the usual is Recreate, ""
	MaxParallel int    // how many instances at a time
	Canary      int    // how many instances get it first, 0 for all
	Hold        bool   // a failure stops the run where it is
}

// Rolls reports whether the new version of an instance starts beside the old one, as far as the recipe decides that.
func (u Update) Rolls() bool { return u.Strategy != config.Recreate }

// How long the requests of an instance that goes may still take. Of one that is recreated they take no time: meanwhile new
// ones would wait for nothing, and consumers of a database keep their connections open for ever.
const (
	rollingDrain  = "10s"
	recreateDrain = "0s"
)

// Update says how the component that a node belongs to is updated; what belongs to a package is not updated at all.
func (g *Graph) Update(id int32) Update {
	if c := g.Nodes[id].component; c != nil {
		return c.update
	}
	return Update{Strategy: config.Recreate}
}

// Siblings is how many instances there are of the component that a node belongs to.
func (g *Graph) Siblings(id int32) int {
	if c := g.Nodes[id].component; c != nil {
		return c.instances
	}
	return 0
}

// Slotted reports whether an instance has the node twice while it is updated: in each of its slots.
func (g *Graph) Slotted(id int32) bool { return g.Nodes[id].slotted }

// settleUpdate decides how c is updated, and refuses what its recipe cannot do.
func (b *builder) settleUpdate(c *component) {
	if c.recipe.single == nil {
		why, at := b.unrollable(c.recipe)
		c.recipe.single = &single{why, at}
	}
	why, at := c.recipe.single.why, c.recipe.single.at
	c.update = Update{Strategy: config.Rolling, MaxParallel: 1}
	if why != "" || len(c.recipe.served) == 0 || len(c.recipe.Processes) == 0 {
		c.update.Strategy, c.update.Why = config.Recreate, why
		if why == "" {
			c.update.Why = "it serves no port, and a worker may mind a second one beside it"
		}
	}
	for _, u := range []*config.Update{c.recipe.Update, c.written()} {
		if u != nil {
			c.take(u)
		}
	}
	if c.backups > 0 {
		b.recreateInTurn(c)
	}
	switch {
	case c.drain != "":
	case c.update.Rolls():
		c.drain = rollingDrain
	default:
		c.drain = recreateDrain
	}
	if why != "" && c.update.Rolls() {
		b.diags = append(b.diags, fail(c.updateRange, "Cannot run twice", "strategy = %q starts the new version of an instance beside the old one. %s cannot do that: %s (%s).",
			c.update.Strategy, c.addr, why, position(at))...)
	}
}

// written is the update block of the stack, nil without one.
func (c *component) written() *config.Update {
	if c.block == nil {
		return nil
	}
	return c.block.Update
}

// take puts what an update block says in the place of what was there.
func (c *component) take(u *config.Update) {
	if u.Strategy != "" {
		c.update.Strategy, c.update.Said, c.update.Why, c.updateRange = u.Strategy, true, "", u.Range
	}
	if u.Drain != "" {
		c.drain = u.Drain
	}
	c.update.MaxParallel, c.update.Canary, c.update.Hold = u.MaxParallel, u.Canary, u.Hold
}

// single says why two versions of an instance of a recipe cannot be there at a time, and where that is written.
type single struct {
	why string // "" if they can
	at  hcl.Range
}

// unrollable works out what single holds. Fixed ports are found when their numbers are known.
func (b *builder) unrollable(r *recipe) (why string, at hcl.Range) {
	if t := r.ownFiles(); t != nil {
		return "it keeps data in its directory, which only one may use", t.SourceRange()
	}
	for _, s := range r.Steps {
		if a := s.Attributes["undo"]; a != nil {
			return fmt.Sprintf("step %q is taken back when the old one goes", s.Name), a.Range
		}
	}
	for _, res := range r.Configure {
		if t, ok := b.in.Types[res.Type]; ok && (t.Plugin || t.Attributes["base"].Type != cty.String) {
			return fmt.Sprintf("%s %q is made once for each instance", res.Type, res.Name), res.Range
		}
	}
	if r.Bind != nil && len(r.Bind.Resources) > 0 {
		return "what it makes for its consumers lives in it", r.Bind.Resources[0].Range
	}
	return "", hcl.Range{}
}

// ownFiles finds where a recipe names the directory of its instance for more than configuration, nil if it does not.
func (r *recipe) ownFiles() hcl.Traversal {
	for _, e := range r.expressions() {
		if t := instanceUse(e, "data", "directory"); t != nil {
			return t
		}
	}
	for _, s := range r.Steps { // they run once, and must find their place again
		for _, a := range s.Attributes {
			if t := instanceUse(a.Expr, "config"); t != nil {
				return t
			}
		}
	}
	return nil
}

// instanceUse finds instance.NAME with one of the names, or instance as a whole.
func instanceUse(e hcl.Expression, names ...string) hcl.Traversal {
	for _, t := range e.Variables() {
		if t.RootName() != "instance" {
			continue
		}
		if len(t) < 2 {
			return t
		}
		a, ok := t[1].(hcl.TraverseAttr)
		if !ok {
			return t
		}
		for _, name := range names {
			if a.Name == name {
				return t
			}
		}
	}
	return nil
}

// fixed refuses a port with a number for a component that was told to run twice.
func (c *component) fixed(name string, number cty.Value, at hcl.Range) hcl.Diagnostics {
	if !c.update.Said || !c.update.Rolls() || !number.IsKnown() || number.Equals(cty.Zero).True() {
		return nil
	}
	return fail(c.updateRange, "Cannot run twice", "strategy = %q starts the new version of an instance beside the old one. %s cannot do that: its port %q has a fixed number (%s).",
		c.update.Strategy, c.addr, name, position(at))
}

// at is the address of a part of an instance, in the slot that it lives in.
func (c *component) at(index int, part string) addr.Instance {
	return c.addr.At(index, part).In(c.slots[index])
}

// InSlots is the same graph with these instances in their second slots, and all others in their first. With errors it is
// nil.
func (g *Graph) InSlots(ctx context.Context, second []addr.Instance) (*Graph, hcl.Diagnostics) {
	if slices.Equal(g.in.Second, second) {
		return g, nil
	}
	in := g.in
	in.Second = second
	return Make(ctx, in)
}
