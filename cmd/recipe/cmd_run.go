package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/nsynapse/recipe/executor/agent"
)

func runCommand() command {
	return command{name: "run", group: running, args: "ADDRESS -- COMMAND...", summary: "Run a command with the environment and bindings of a component.",
		example: "recipe run app.shop -- python3 manage.py migrate\nrecipe run app.shop -- sh -c 'psql \"$DATABASE_URI\"'",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			stack := stackFlag(flags)
			return func(ctx context.Context, args []string) error {
				if len(args) < 2 {
					return hinted{fmt.Errorf("run takes an address and a command"), "recipe run app.shop -- sh"}
				}
				client, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				return c.runLike(client, agent.CommandRequest{Stack: name, Target: args[0], Command: args[1:], Trace: c.getenv("TRACEPARENT")})
			}
		}}
}

// runLike runs the command to its end. Interruptions are its own to deal with.
func (c *cli) runLike(client *agent.Client, q agent.CommandRequest) error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)
	if term.IsTerminal(int(os.Stdin.Fd())) {
		q.Term = c.getenv("TERM")
	}
	ended, err := client.Command(context.Background(), q, [3]*os.File{os.Stdin, os.Stdout, os.Stderr}, signals)
	if err != nil {
		return err
	}
	if ended.Code != 0 {
		return exitCode(ended.Code)
	}
	return nil
}
