package main

import (
	"context"
	"flag"
)

func validateCommand() command {
	return command{name: "validate", group: "Write", args: "[PATH]", summary: "Check a stack and its recipes, without running anything.",
		example: "recipe validate -json",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			return func(ctx context.Context, args []string) error {
				return nil
			}
		}}
}
func fmtCommand() command {
	return command{name: "fmt", group: "Write", setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error { return func(context.Context, []string) error { return nil } }}
}
func graphCommand() command {
	return command{name: "graph", group: "Plan and apply", setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error { return func(context.Context, []string) error { return nil } }}
}
