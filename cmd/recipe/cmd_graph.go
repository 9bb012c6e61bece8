package main

import (
	"context"
	"flag"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/planner/plan"
)

func graphCommand() command {
	return command{name: "graph", group: "Plan and apply", args: "[PATH]", summary: "Print who needs whom.",
		example: "recipe graph -format=mermaid\nrecipe graph | dot -Tsvg > stack.svg",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			s := c.stackFlags(flags)
			name := flags.String("format", "dot", "dot, mermaid or json")
			full := flags.Bool("full", false, "every resource instead of components")
			flags.BoolFunc("json", "the same as -format=json", func(string) error { *name, c.json = "json", true; return nil })
			return func(ctx context.Context, args []string) error {
				format, err := plan.ParseGraphFormat(*name)
				if err != nil {
					return err
				}
				q, err := s.request(args)
				if err != nil {
					return err
				}
				collectLate()
				checked, err := agent.Check(ctx, c.home, q)
				if err != nil {
					return err
				}
				if checked.Graph == nil {
					return c.tellValid(checked)
				}
				nodes := make([]plan.GraphNode, len(checked.Graph.Nodes))
				for i := range nodes {
					n := &checked.Graph.Nodes[i]
					nodes[i] = plan.GraphNode{Addr: n.Addr, Type: n.Type, Needs: n.Needs}
				}
				return plan.WriteGraph(c.stdout, nodes, plan.GraphOptions{Format: format, Full: *full})
			}
		}}
}
