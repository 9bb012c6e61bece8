package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/planner/plan"
)

func outputCommand() command {
	return command{name: "output", group: "Plan and apply", args: "[NAME]", summary: "Print the outputs of a stack, or one of them.",
		example: "curl $(recipe output url)",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			stack := stackFlag(flags)
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 1); err != nil {
					return err
				}
				client, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				reveal := ""
				if len(args) == 1 {
					reveal = args[0]
				}
				outputs, err := client.Outputs(ctx, name, reveal)
				if err != nil {
					return err
				}
				if reveal == "" {
					if c.json {
						c.printJSON(outputs)
						return nil
					}
					c.listOutputs(outputs)
					return nil
				}
				return c.printOutput(outputs, reveal)
			}
		}}
}

func (c *cli) printOutput(outputs map[string]agent.OutputInfo, name string) error {
	o, ok := outputs[name]
	if !ok {
		names := outputNames(outputs)
		hint := strings.TrimSpace(diag.DidYouMean(name, names))
		if hint == "" && len(names) > 0 {
			hint = "It has " + strings.Join(names, ", ") + "."
		}
		return hinted{fmt.Errorf("the stack has no output %q", name), hint}
	}
	if c.json {
		c.printJSON(o.Value)
		return nil
	}
	fmt.Fprintln(c.stdout, o.Text)
	return nil
}

func outputNames(outputs map[string]agent.OutputInfo) []string {
	var names []string
	for name := range outputs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (c *cli) printOutputs(outputs map[string]agent.OutputInfo) {
	if len(outputs) == 0 {
		return
	}
	fmt.Fprintln(c.stdout)
	c.listOutputs(outputs)
}

func (c *cli) listOutputs(outputs map[string]agent.OutputInfo) {
	for _, name := range outputNames(outputs) {
		fmt.Fprintf(c.stdout, "%s = %s\n", name, outputs[name].Text)
	}
}

// showOutputs prints the outputs of a stack that needed no change.
func (r *runner) showOutputs(ctx context.Context, client *agent.Client, p *plan.Plan) error {
	if r.c.json || p.Destroy {
		return nil
	}
	outputs, err := client.Outputs(ctx, p.Stack, "")
	if err != nil {
		return err
	}
	r.c.printOutputs(outputs)
	return nil
}
