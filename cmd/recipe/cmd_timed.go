package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
)

func runsCommand() command {
	return command{name: "runs", group: running, args: "[ADDRESS]", summary: "List the last runs of scheduled processes.",
		example: "recipe runs app.shop",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			stack := stackFlag(flags)
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 1); err != nil {
					return err
				}
				client, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				runs, err := client.Runs(ctx, name, strings.Join(args, ""))
				if err != nil {
					return err
				}
				if c.json {
					c.printJSON(runs)
					return nil
				}
				return c.printRuns(runs)
			}
		}}
}

func (c *cli) printRuns(runs []agent.TimedRun) error {
	if len(runs) == 0 {
		fmt.Fprintln(c.stdout, "Nothing has run by a schedule yet.")
		return nil
	}
	w := newTable(c.stdout)
	fmt.Fprintln(w, "PROCESS\tDUE\tBEGAN\tTOOK\tOUTCOME\t")
	for _, r := range runs {
		due, began, took, outcome := "by hand", "-", "-", r.Outcome
		if r.Due != nil {
			due = r.Due.Local().Format(time.DateTime)
		}
		if r.Began != nil {
			began = r.Began.Local().Format(time.DateTime)
		}
		switch {
		case r.Ended == nil:
			took, outcome = ago(*r.Began), "running"
		case r.Began != nil:
			took = r.Ended.Sub(*r.Began).Round(10 * time.Millisecond).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", runAddress(r), due, began, took, outcome, r.Reason)
	}
	return w.Flush()
}

// runAddress is that of the process, or of the run where each has its own.
func runAddress(r agent.TimedRun) string {
	if r.Number == 0 {
		return r.Address
	}
	return fmt.Sprintf("%s.%d", r.Address, r.Number)
}

func runNowCommand() command {
	return command{name: "run-now", group: running, args: "ADDRESS", summary: "Let a scheduled process run now, and wait for its end.",
		example: "recipe run-now 'app.shop[0].process.cleanup'",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			stack := stackFlag(flags)
			return func(ctx context.Context, args []string) error {
				if len(args) != 1 {
					return hinted{fmt.Errorf("run-now takes the address of one process"), "recipe ps lists the scheduled ones."}
				}
				client, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				run, err := client.RunNow(ctx, agent.UnitRequest{Stack: name, Target: args[0]})
				if err != nil {
					return err
				}
				if c.json {
					c.printJSON(run)
				}
				if run.Outcome != "succeeded" {
					return hinted{fmt.Errorf("%s has %s: %s", run.Address, run.Outcome, run.Reason), fmt.Sprintf("recipe logs '%s' shows what it wrote.", runAddress(run))}
				}
				c.say(fmt.Sprintf("%s has succeeded after %s.", run.Address, run.Ended.Sub(*run.Began).Round(10*time.Millisecond)))
				return nil
			}
		}}
}
