package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/eval"
)

func graphCommand() command {
	return command{name: "graph", group: "Plan and apply", args: "[PATH]", summary: "Print who needs whom.",
		example: "recipe graph -format=mermaid\nrecipe graph | dot -Tsvg > stack.svg",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			s := c.stackFlags(flags)
			format := flags.String("format", "dot", "dot, mermaid or json")
			full := flags.Bool("full", false, "every resource instead of components")
			flags.BoolFunc("json", "the same as -format=json", func(string) error { *format, c.json = "json", true; return nil })
			return func(ctx context.Context, args []string) error {
				write := graphFormats[*format]
				if write == nil {
					return fmt.Errorf("there is no format %q: use dot, mermaid or json", *format)
				}
				q, err := s.request(args)
				if err != nil {
					return err
				}
				checked, err := agent.Check(ctx, q)
				if err != nil {
					return err
				}
				if checked.Graph == nil {
					return c.tellValid(checked)
				}
				g := components(checked.Graph)
				if *full {
					g = resources(checked.Graph)
				}
				write(c, g)
				return nil
			}
		}}
}

// drawing is a graph to be printed. Nodes and edges are sorted.
type drawing struct {
	Nodes []string `json:"nodes"`
	Edges []edge   `json:"edges"`
}

// edge says that From needs To.
type edge struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Label string `json:"label,omitempty"` // the binding between them
}

// resources draws every resource and join.
func resources(g *eval.Graph) drawing {
	var d drawing
	for i := range g.Nodes {
		name := g.Nodes[i].Addr.String()
		d.Nodes = append(d.Nodes, name)
		for _, need := range g.Nodes[i].Needs {
			d.Edges = append(d.Edges, edge{From: name, To: g.Nodes[need].Addr.String()})
		}
	}
	return d.sorted()
}

// components draws one node per component. An edge that is there because of a binding carries its name.
func components(g *eval.Graph) drawing {
	var d drawing
	labelled := map[edge]bool{}
	var plain []edge
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if n.Addr.Component.Kind == addr.Package {
			continue
		}
		from := n.Addr.Component.String()
		d.Nodes = append(d.Nodes, from)
		for _, need := range n.Needs {
			on := g.Nodes[need].Addr.Component
			if on.Kind == addr.Package || on == n.Addr.Component {
				continue
			}
			e := edge{From: from, To: on.String()}
			if part, ok := strings.CutPrefix(n.Addr.Part, "bind."); ok {
				labelled[e] = true
				e.Label, _, _ = strings.Cut(part, ".")
				d.Edges = append(d.Edges, e)
			} else {
				plain = append(plain, e)
			}
		}
	}
	for _, e := range plain {
		if !labelled[e] {
			d.Edges = append(d.Edges, e)
		}
	}
	return d.sorted()
}

func (d drawing) sorted() drawing {
	slices.Sort(d.Nodes)
	d.Nodes = slices.Compact(d.Nodes)
	slices.SortFunc(d.Edges, func(a, b edge) int {
		return strings.Compare(a.From+"\x00"+a.To+"\x00"+a.Label, b.From+"\x00"+b.To+"\x00"+b.Label)
	})
	d.Edges = slices.Compact(d.Edges)
	if d.Edges == nil {
		d.Edges = []edge{}
	}
	return d
}

var graphFormats = map[string]func(*cli, drawing){
	"dot":     (*cli).graphDot,
	"mermaid": (*cli).graphMermaid,
	"json":    func(c *cli, d drawing) { c.printJSON(d) },
}

func (c *cli) graphDot(d drawing) {
	fmt.Fprintln(c.stdout, "digraph stack {\n  rankdir = LR\n  node [shape = box, style = rounded]")
	for _, n := range d.Nodes {
		fmt.Fprintf(c.stdout, "  %q\n", n)
	}
	for _, e := range d.Edges {
		fmt.Fprintf(c.stdout, "  %q -> %q [label = %q]\n", e.From, e.To, e.Label)
	}
	fmt.Fprintln(c.stdout, "}")
}

func (c *cli) graphMermaid(d drawing) {
	fmt.Fprintln(c.stdout, "graph LR")
	ids := map[string]string{}
	for i, n := range d.Nodes {
		ids[n] = fmt.Sprintf("n%d", i)
		fmt.Fprintf(c.stdout, "  %s[\"%s\"]\n", ids[n], strings.ReplaceAll(n, `"`, "#quot;"))
	}
	for _, e := range d.Edges {
		if e.Label == "" {
			fmt.Fprintf(c.stdout, "  %s --> %s\n", ids[e.From], ids[e.To])
			continue
		}
		fmt.Fprintf(c.stdout, "  %s -- %s --> %s\n", ids[e.From], e.Label, ids[e.To])
	}
}
