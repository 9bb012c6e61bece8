package main

import (
	"context"
	"flag"

	"github.com/nsynapse/recipe/executor/agent"
)

// listing sets up a command that prints what the agent lists of one stack or of all, which is nothing where no agent runs.
func listing[T any](get func(*agent.Client, context.Context, string) ([]T, error), print func(*cli, []T) error) func(*cli, *flag.FlagSet) func(context.Context, []string) error {
	return func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
		c.jsonFlag(flags)
		stack := flags.String("stack", "", "only the stack of this `name`")
		return func(ctx context.Context, args []string) error {
			if err := atMost(args, 0); err != nil {
				return err
			}
			client, err := c.running(ctx)
			if err != nil {
				return err
			}
			list := []T{}
			if client != nil {
				if list, err = get(client, ctx, *stack); err != nil {
					return err
				}
			}
			if c.json {
				c.printJSON(list)
				return nil
			}
			return print(c, list)
		}
	}
}
