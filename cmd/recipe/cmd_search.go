package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/nsynapse/recipe/registry"
)

func searchCommand() command {
	return command{name: "search", group: packagesGroup, args: "[WORD]", summary: "List the packages in registries.",
		example: "recipe search shop",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			addresses := c.registryFlag(flags)
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 1); err != nil {
					return err
				}
				set, err := c.registries(*addresses)
				if err != nil {
					return err
				}
				word := ""
				if len(args) > 0 {
					word = args[0]
				}
				found, silent, err := set.Search(ctx, word)
				if err != nil {
					return err
				}
				c.tellFound(found, silent)
				return nil
			}
		}}
}

func (c *cli) tellFound(found []registry.Found, silent []string) {
	for _, address := range silent {
		fmt.Fprintf(c.stderr, "Warning: %s does not list what it holds.\n", address)
	}
	if c.json {
		if found == nil {
			found = []registry.Found{}
		}
		c.printJSON(found)
		return
	}
	if len(found) == 0 {
		fmt.Fprintln(c.stdout, "Nothing found.")
	}
	w := newTable(c.stdout)
	for _, f := range found {
		what := f.Description
		if f.Types != nil {
			what = strings.TrimSpace(fmt.Sprintf("%s (plugin: %s)", what, few(f.Types)))
		}
		if f.Problem != "" {
			what = "(" + f.Problem + ")"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.Name, f.Version, what)
	}
	_ = w.Flush() // nobody is left to tell
}

// few names the first of some names.
func few(names []string) string {
	if len(names) > 4 {
		names = append(names[:3:3], fmt.Sprintf("%d others", len(names)-3))
	}
	return strings.Join(names, ", ")
}
