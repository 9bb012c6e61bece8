package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/planner/solve"
)

func whyCommand() command {
	return command{name: "why", group: "Versions", args: "NAME [PATH]", summary: "Tell why a package, component or service is part of a stack.",
		example: "recipe why postgresql\nrecipe why sql",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			s := c.stackFlags(flags)
			c.jsonFlag(flags)
			return func(ctx context.Context, args []string) error {
				if len(args) == 0 {
					return hinted{errors.New("no name is given"), "Name a package, a component such as middleware.main, or a service."}
				}
				r, err := c.resolve(ctx, s, args[1:], nil, false)
				if err != nil {
					return err
				}
				return c.tellWhy(args[0], r.Lock)
			}
		}}
}

func (c *cli) tellWhy(name string, lock *solve.Lock) error {
	reasons := lock.Why(name)
	if len(reasons) == 0 {
		return hinted{fmt.Errorf("nothing called %q is part of the stack", name), strings.TrimSpace(diag.DidYouMean(name, lock.Names()))}
	}
	if c.json {
		c.printJSON(map[string]any{"format_version": "1.0", "name": name, "reasons": reasons})
		return nil
	}
	for _, reason := range reasons {
		fmt.Fprintln(c.stdout, reason)
	}
	return nil
}
