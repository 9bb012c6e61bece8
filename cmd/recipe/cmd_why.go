package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/planner/lockfile"
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
				return c.tellWhy(args[0], append(r.Lock.Why(args[0]), whyOS(args[0], r.After)...), r.Lock)
			}
		}}
}

// whyOS tells for which resources a package of the operating system is locked.
func whyOS(name string, locked *lockfile.File) (reasons []string) {
	for _, o := range locked.OSPackages {
		for _, p := range o.Chosen {
			if p.Name == name {
				reasons = append(reasons, fmt.Sprintf("%s %s is a package of %s: part of what a recipe asks for with %s", name, p.Version, o.On(), strings.Join(o.Asked, " ")))
			}
		}
	}
	return reasons
}

func (c *cli) tellWhy(name string, reasons []string, lock *solve.Lock) error {
	if len(reasons) == 0 {
		return hinted{fmt.Errorf("nothing called %q is part of the stack", name), cmp.Or(strings.TrimSpace(diag.DidYouMean(name, lock.Names())),
			"There is "+few(lock.Names())+".")}
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
