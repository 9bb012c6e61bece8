package eval

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Input is what a stack is evaluated from.
type Input struct {
	Stack     *config.Stack
	Lock      *solve.Lock
	Packages  []Package            // parallel to Lock.Packages
	Variables map[string]cty.Value // from Variables
	Types     map[string]sdk.TypeSchema
	Home      string // RECIPE_HOME, absolute
	Owner     int    // the user that apps run as; -1 for the agent's own
	Program   string // the recipe binary, absolute: the root agent.executable

	Second []addr.Instance          // the instances that live in their second slot, as app.shop[0]~b
	Scale  map[addr.Component]int   // how many instances, instead of what the stack says
	Import map[addr.Instance]string // ids of things that are there already and are taken over, see sdk.ImportAttribute
}

// Package is a package whose files are at hand.
type Package struct {
	Recipe *config.Recipe
	Path   string                            // absolute, where its files are at run time
	Read   func(name string) ([]byte, error) // a payload file by its slash-separated relative name
	Has    func(name string) bool            // whether there is a file or directory of that name; nil where nobody can tell
}

// Desired is one resource that is wanted, or a join.
type Desired struct {
	Addr  addr.Instance
	Type  string    // the resource type; "" for a join
	Needs []int32   // nodes that come before
	Range hcl.Range // where it was written
	Why   string    // who asked for it, if the stack does not name it: "app.shop requires sql"

	eval      evaluator
	component *component // nil for what belongs to a package
	written   *written   // what a resource was written as; nil for what is none
	slotted   bool       // it belongs to one slot of an instance
	last      bool       // no expression can refer to its value
}

// written is a resource in its recipe.
type written struct {
	*config.Resource
	recipe *config.Recipe
}

// At is where a part of a resource was written: its argument, or that of the configuration of its provider. It is the place of the resource
// itself for what nobody has written.
func (g *Graph) At(n *Desired, part cty.Path) hcl.Range {
	if n.written == nil || len(part) == 0 {
		return n.Range
	}
	arguments, at := n.written.Attributes, n.Range
	if c := g.in.Types[n.Type].Configured; c != nil && part[0] == (cty.GetAttrStep{Name: sdk.ProviderAttribute}) {
		by, _ := configurationOf(c.Provider, g.in.Stack, n.written.recipe)
		if by == nil {
			return at
		}
		if arguments, at, part = by.Config, by.Range, part[1:]; len(part) == 0 {
			return at
		}
	}
	if name, ok := part[0].(cty.GetAttrStep); ok && arguments[name.Name] != nil {
		return arguments[name.Name].Expr.Range()
	}
	return at
}

// evaluator works out the value of a node from the values of its needs.
type evaluator func(*Pass) (cty.Value, hcl.Diagnostics)

// Graph is everything that a stack wants. It is read only; several passes may use it at a time.
type Graph struct {
	Nodes   []Desired
	Order   []int32 // all nodes, needs first
	in      Input
	scope   *stackScope
	outputs []*config.Output

	byAddr     func() map[addr.Instance]int32 // made when first asked for: a check never does
	components []*component
	byBlock    map[addr.Component][]*component
	contracts  map[string][]*config.Contract // that packages define, by service, the newest first
}

// Find returns the node with that address.
func (g *Graph) Find(a addr.Instance) (id int32, ok bool) {
	id, ok = g.byAddr()[a]
	return id, ok
}

// index makes the map behind Find.
func (g *Graph) index() map[addr.Instance]int32 {
	byAddr := make(map[addr.Instance]int32, len(g.Nodes))
	for id := range g.Nodes {
		byAddr[g.Nodes[id].Addr] = int32(id)
	}
	return byAddr
}

// component is one component after for_each and count.
type component struct {
	number    int // index into Graph.components and Pass.scopes
	addr      addr.Component
	name      string            // addr as text
	block     *config.Component // nil if the plan added it
	recipe    *recipe
	each      map[string]cty.Value // the roots each and count; nil without
	instances int                  // with the backups, which have the highest indexes
	backups   int
	slots     []addr.Slot // one per instance
	added     string

	update      Update
	updateRange hcl.Range // of the strategy that somebody wrote
	drain       string

	needs       []dependency // other components, for order and for cycles
	references  []reference  // components that its inputs name
	bindings    []*binding   // by requirement name
	secrets     []int32      // parallel to recipe.secrets
	endpoints   []int32      // parallel to recipe.served
	routes      []*route     // in the order of the file
	directories []string     // one per instance, of its slot
	allocations []int32      // one per instance
	configures  [][]int32    // per instance, parallel to recipe.Configure
	stepped     int32        // the last step of the instance that was made last
	base, final int32        // joins
}

// dependency is one component that another needs, with the place that says so.
type dependency struct {
	on *component
	at hcl.Range
}

// binding is a requirement of one component joined to a service of another.
type binding struct {
	requirement      *config.Requirement
	provided         *config.Provided // what of the implementation serves it
	consumer         *component
	implementation   *component
	endpoint, secret int32 // -1: the service has no port, the implementation has no bind block
	resources        []int32
	join             int32
}

// recipe is a package with what is worked out once for all of its components.
type recipe struct {
	*config.Recipe
	pkg     Package
	addr    addr.Component
	install []int32
	paths   cty.Value        // the root "package"
	ctx     *hcl.EvalContext // what is the same for all its components
	locals  []*config.Local  // each after those it names
	stops   []cty.Value      // parallel to Processes: how each is asked to end
	secrets []string         // names, sorted
	ports   []string         // names, sorted
	served  []string         // the ports that get an endpoint of the component, sorted
	roots   map[string]bool  // the roots that its expressions use
	single  *single          // nil until a component asks
}
