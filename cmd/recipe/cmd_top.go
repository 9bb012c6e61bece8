package main

import (
	"context"
	"errors"
	"flag"
	"os"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/term"
)

func topCommand() command {
	return command{name: "top", group: running, summary: "Watch processes, their logs and events on the whole screen.",
		example: "recipe top -stack=shop",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			stack := flags.String("stack", "", "only the stack of this `name`")
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 0); err != nil {
					return err
				}
				const wayOut = "recipe ps, logs and events tell the same as text and JSON."
				if !term.IsTerminal(int(os.Stdout.Fd())) || !term.IsTerminal(int(os.Stdin.Fd())) {
					return hinted{errors.New("top draws on a terminal, and this is none"), wayOut}
				}
				if !c.live {
					return hinted{errors.New("top draws on the whole screen, and this terminal has none (TERM is dumb)"), wayOut}
				}
				return c.top(ctx, *stack)
			}
		}}
}

func (c *cli) top(ctx context.Context, stack string) error {
	client, err := c.running(ctx)
	if err != nil {
		return err
	}
	if client == nil {
		return hinted{errors.New("nothing runs"), "recipe apply starts a stack."}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	feed := &topFeed{client: client, stack: stack, ctx: ctx}
	program := tea.NewProgram(topModel{feed: feed, color: c.color}, tea.WithContext(ctx))
	go feed.events(program.Send)
	_, err = program.Run()
	if errors.Is(err, tea.ErrInterrupted) || ctx.Err() != nil {
		return nil // this is how it ends, too
	}
	return err
}
