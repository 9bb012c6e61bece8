package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
)

func eventsCommand() command {
	return command{name: "events", group: running, summary: "Print what has happened to processes and stacks, and go on with -f.",
		example: "recipe events -f -json",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			stack := flags.String("stack", "", "only the stack of this `name`")
			follow := flags.Bool("f", false, "go on with what happens from now on")
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 0); err != nil {
					return err
				}
				client, err := c.running(ctx)
				if err == nil && client == nil {
					err = hinted{errors.New("nothing runs, and nobody remembers"), "recipe apply starts a stack."}
				}
				if err != nil {
					return err
				}
				err = client.Events(ctx, *stack, *follow, c.printEvent)
				if *follow && ctx.Err() != nil {
					return nil // this is how following ends
				}
				return err
			}
		}}
}

func (c *cli) printEvent(e agent.Event) error {
	if c.json {
		c.printJSON(e)
		return nil
	}
	subject := e.Address
	if e.Type == "run" {
		subject = "run"
		if e.Generation > 0 {
			subject = fmt.Sprintf("run, generation %d", e.Generation)
		}
	}
	what := e.State
	switch message := inOneLine(e.Message); {
	case strings.HasPrefix(message, e.State+" "): // "stopped by the user"
		what = message
	case message != "":
		what += ", " + message
	}
	_, err := fmt.Fprintf(c.stdout, "%s  %s  %s: %s\n", e.Time.Local().Format(time.DateTime), e.Stack, subject, what)
	return err
}
