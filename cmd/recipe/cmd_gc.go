package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/planner/plan"
)

func gcCommand() command {
	return command{name: "gc", group: "The agent", summary: "Remove from the store what nothing needs any more.",
		example: "recipe gc -dry-run\nrecipe gc -keep=10",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			var q agent.CollectRequest
			flags.BoolVar(&q.DryRun, "dry-run", false, "tell what would be removed, and remove nothing")
			flags.IntVar(&q.Keep, "keep", 0, "of each stack, only the last `N` generations that can be gone back to stay so")
			flags.DurationVar(&q.Unused, "unused", time.Hour, "only what nobody asked for since this `time`")
			approve := flags.Bool("auto-approve", false, "with -keep: do not ask")
			input := flags.Bool("input", true, "ask questions")
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 0); err != nil {
					return err
				}
				if q.Keep < 0 || q.Unused < 0 {
					return fmt.Errorf("-keep and -unused cannot be less than nothing")
				}
				return c.gc(ctx, q, *approve, *input)
			}
		}}
}

func (c *cli) gc(ctx context.Context, q agent.CollectRequest, approve, input bool) error {
	client, err := c.agent(ctx)
	if err != nil {
		return err
	}
	if q.Keep > 0 && !q.DryRun && !approve {
		first := q
		first.DryRun = true
		would, err := client.Collect(ctx, first)
		if err != nil {
			return err
		}
		if len(would.Lost) > 0 {
			c.lost(would.Lost)
			if err := c.confirm(ctx, "They stay in the history. Do you want that?", input && !c.json, "Add -auto-approve."); err != nil {
				return err
			}
		}
	}
	done, err := client.Collect(ctx, q)
	if err != nil {
		return err
	}
	if c.json {
		c.printJSON(done)
		return nil
	}
	return c.collected(done, q)
}

// lost tells which generations cannot be gone back to.
func (c *cli) lost(generations map[string][]int) {
	for _, stack := range slices.Sorted(maps.Keys(generations)) {
		fmt.Fprintf(c.stdout, "Of %s these generations cannot be gone back to any more: %s.\n", stack, inWords(generations[stack]))
	}
}

// inWords writes numbers that grow as "1 to 4, 7".
func inWords(numbers []int) string {
	var parts []string
	for first, last := range plan.Runs(numbers) {
		part := fmt.Sprint(first)
		if last > first {
			part = fmt.Sprintf("%d to %d", first, last)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// collected tells what was removed, or would be.
func (c *cli) collected(done *agent.Collected, q agent.CollectRequest) error {
	verb := "Removed"
	if q.DryRun {
		verb = "Would remove"
		if len(done.Removed) > 0 {
			w := newTable(c.stdout)
			fmt.Fprintln(w, "SIZE\tWHAT\tENTRY\t")
			for _, e := range done.Removed {
				fmt.Fprintf(w, "%s\t%s\t%s\t\n", size(e.Bytes), e.What, e.Key)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			fmt.Fprintln(c.stdout)
		}
		c.lost(done.Lost)
	}
	if len(done.Removed)+done.Downloads == 0 {
		verb = "Nothing to remove:"
		fmt.Fprintf(c.stdout, "%s %s needed, %s.\n", verb, counted(done.Left-done.Recent, "entry is", "entries are"), size(done.Bytes))
	} else {
		fmt.Fprintf(c.stdout, "%s %s and %s: %s. %s left, %s.\n", verb, counted(len(done.Removed), "entry", "entries"), counted(done.Downloads, "download", "downloads"),
			size(done.Freed), counted(done.Left, "entry is", "entries are"), size(done.Bytes))
	}
	if done.Recent > 0 {
		fmt.Fprintf(c.stdout, "%s not needed, and left because somebody asked for it within %s: recipe gc -unused=0s takes it too.\n", counted(done.Recent, "entry is", "entries are"), q.Unused)
	}
	return nil
}
