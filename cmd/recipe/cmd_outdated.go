package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

func outdatedCommand() command {
	return command{name: "outdated", group: "Versions", args: "[PATH]", summary: "List packages of which there is a newer version.",
		example: "recipe outdated",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			s := c.stackFlags(flags)
			c.jsonFlag(flags)
			return func(ctx context.Context, args []string) error {
				now, err := c.resolve(ctx, s, args, nil, true)
				if err != nil {
					return err
				}
				then, err := c.resolve(ctx, s, args, []string{"*"}, true)
				if err != nil {
					return err
				}
				return c.tellOutdated(now.After.Versions(), then.After.Versions(), now.Newest)
			}
		}}
}

// outdated is a package that is not in the newest version.
type outdated struct {
	Name   string `json:"name"`
	Now    string `json:"now"`
	Fits   string `json:"fits"`   // what recipe lock -upgrade would take; "" if the package would not be there
	Newest string `json:"newest"` // what there is
}

func (c *cli) tellOutdated(now, then map[string][]string, newest map[string]string) error {
	found := []outdated{}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		o := outdated{Name: name, Now: strings.Join(now[name], ", "), Fits: strings.Join(then[name], ", "), Newest: newest[name]}
		if o.Now != o.Fits || !slices.Contains(now[name], o.Newest) {
			found = append(found, o)
		}
	}
	if c.json {
		c.printJSON(map[string]any{"format_version": "1.0", "outdated": found})
		return nil
	}
	if len(found) == 0 {
		fmt.Fprintln(c.stdout, "Everything is in its newest version.")
		return nil
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PACKAGE\tNOW\tFITS\tNEWEST")
	for _, o := range found {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", o.Name, o.Now, o.Fits, o.Newest)
	}
	return w.Flush()
}
