package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/nsynapse/recipe/executor/agent"
)

func showCommand() command {
	return command{name: "show", group: "Plan and apply", args: "[PLAN]", summary: "Show a saved plan, or what is recorded of a stack.",
		example: "recipe show next.plan",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			stack := stackFlag(flags)
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 1); err != nil {
					return err
				}
				if len(args) == 1 {
					return c.showSaved(args[0])
				}
				client, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				return c.showState(ctx, client, name)
			}
		}}
}

func (c *cli) showSaved(file string) error {
	signed, ok, err := readPlan(file)
	if err != nil {
		return err
	}
	if !ok {
		return hinted{fmt.Errorf("%s is not a saved plan", file), "recipe plan -out=FILE makes one."}
	}
	if c.json {
		_, err := fmt.Fprintf(c.stdout, "%s\n", signed.Plan)
		return err
	}
	p, err := signed.Decode()
	if err != nil {
		return err
	}
	return c.showPlan(p, true)
}

func (c *cli) showState(ctx context.Context, client *agent.Client, name string) error {
	objects, err := client.Objects(ctx, name)
	if err != nil {
		return err
	}
	info, err := client.Stack(ctx, name)
	if err != nil {
		return err
	}
	if c.json {
		c.printJSON(map[string]any{"format_version": "1.0", "stack": info, "resources": objects})
		return nil
	}
	fmt.Fprintf(c.stdout, "stack %s, generation %d, from %s\n", info.Name, info.Generation, info.Directory)
	for _, o := range objects {
		tainted := ""
		if o.Tainted {
			tainted = "  (left half done)"
		}
		fmt.Fprintf(c.stdout, "%s%s\n", o.Addr, tainted)
	}
	return nil
}
