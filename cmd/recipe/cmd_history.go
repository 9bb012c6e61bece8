package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/planner/state"
)

func historyCommand() command {
	return command{name: "history", group: "Plan and apply", summary: "List the generations of a stack.",
		example: "recipe history -stack=shop",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			stack := stackFlag(flags)
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 0); err != nil {
					return err
				}
				client, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				generations, err := client.History(ctx, name)
				if err != nil {
					return err
				}
				if c.json {
					c.printJSON(generations)
					return nil
				}
				w := newTable(c.stdout)
				fmt.Fprintln(w, "GENERATION\tENDED\tACTION\tRESULT\tCHANGES\t")
				for _, g := range generations {
					var changes []string
					for _, action := range slices.Sorted(maps.Keys(g.Changes)) {
						changes = append(changes, fmt.Sprintf("%s %d", action, g.Changes[action]))
					}
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", g.Number, g.Time.Local().Format("2006-01-02 15:04:05"), actionOf(g), g.Result, strings.Join(changes, ", "), inOneLine(g.Error))
				}
				return w.Flush()
			}
		}}
}

// actionOf is "rollback to 3" for a generation that took up another one, else the word alone.
func actionOf(g state.Generation) string {
	if g.Action == "rollback" {
		return fmt.Sprintf("rollback to %d", g.Of)
	}
	return g.Action
}

// inOneLine is what went wrong without the output of an app, which comes in further lines.
func inOneLine(text string) string {
	first, _, more := strings.Cut(text, "\n")
	if more {
		first = strings.TrimSuffix(strings.TrimSuffix(first, "; its last output:"), "; its last lines:")
	}
	return plainText(first)
}
