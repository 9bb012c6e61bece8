package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
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
				c.diagnostics(then.Diagnostics)
				return c.tellOutdated(append(outdatedOf(now.After.Versions(), then.After.Versions(), now.Newest), outdatedOS(now.OS, then.OS)...))
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

func outdatedOf(now, then map[string][]string, newest map[string]string) []outdated {
	found := []outdated{}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		o := outdated{Name: name, Now: strings.Join(now[name], ", "), Fits: strings.Join(then[name], ", "), Newest: newest[name]}
		if o.Now != o.Fits || !slices.Contains(now[name], o.Newest) {
			found = append(found, o)
		}
	}
	return found
}

// outdatedOS is outdatedOf for packages of the operating system: the newest one is what its sources offer.
func outdatedOS(now, then map[string][]string) []outdated {
	newest := map[string]string{}
	for name, versions := range now {
		newest[name] = versions[len(versions)-1]
		if offered := then[name]; len(offered) > 0 {
			newest[name] = offered[len(offered)-1]
		}
	}
	return outdatedOf(now, then, newest)
}

func (c *cli) tellOutdated(found []outdated) error {
	if c.json {
		c.printJSON(map[string]any{"format_version": "1.0", "outdated": found})
		return nil
	}
	if len(found) == 0 {
		fmt.Fprintln(c.stdout, "Everything is in its newest version.")
		return nil
	}
	w := newTable(c.stdout)
	fmt.Fprintln(w, "PACKAGE\tNOW\tFITS\tNEWEST")
	for _, o := range found {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", o.Name, o.Now, o.Fits, o.Newest)
	}
	return w.Flush()
}
