package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/lang/addr"
)

func rollbackCommand() command {
	return keptCommand("rollback", "GENERATION", "Go back to an earlier generation: its files, variables and packages.", "recipe rollback 41",
		func(args []string) (*agent.KeptRequest, error) {
			if len(args) != 1 {
				return nil, hinted{errors.New("rollback takes the number of a generation"), "recipe history lists them."}
			}
			n, err := strconv.Atoi(args[0])
			if err != nil || n < 1 {
				return nil, hinted{fmt.Errorf("%q is not the number of a generation", args[0]), "recipe history lists them."}
			}
			return &agent.KeptRequest{Rollback: n}, nil
		})
}

func promoteCommand() command {
	promote := keptCommand("promote", "[COMPONENT...]", "Bring the instances that a canary held back to the new version; with -force make a primary of a backup.",
		"recipe promote app.shop\nrecipe promote -force 'middleware.postgresql[1]'",
		func(args []string) (*agent.KeptRequest, error) {
			k := &agent.KeptRequest{All: len(args) == 0}
			for _, text := range args {
				c, err := componentNamed(text)
				if err != nil {
					return nil, err
				}
				k.Promote = append(k.Promote, c)
			}
			return k, nil
		})
	plain := promote.setup
	promote.setup = func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
		held := plain(c, flags)
		force := flags.Bool("force", false, "make a primary of this backup, `not able` as it is: data may be lost")
		return func(ctx context.Context, args []string) error {
			if !*force {
				return held(ctx, args)
			}
			return c.takeOver(ctx, flags, args)
		}
	}
	return promote
}

func scaleCommand() command {
	return keptCommand("scale", "COMPONENT=N...", "Change how many instances run, without the files.", "recipe scale app.shop=5",
		func(args []string) (*agent.KeptRequest, error) {
			if len(args) == 0 {
				return nil, errors.New("scale takes components with a number, such as app.shop=5")
			}
			k := &agent.KeptRequest{Scale: map[addr.Component]int{}}
			for _, text := range args {
				name, number, _ := strings.Cut(text, "=")
				n, err := strconv.Atoi(number)
				if err != nil {
					return nil, fmt.Errorf("%q is not a component with a number, such as app.shop=5", text)
				}
				c, err := componentNamed(name)
				if err != nil {
					return nil, err
				}
				k.Scale[c] = n
			}
			return k, nil
		})
}

// componentNamed reads the address of a component; app.web[1] is the one that count made.
func componentNamed(text string) (addr.Component, error) {
	a, err := addr.Parse(text)
	if err != nil {
		return addr.Component{}, err
	}
	if key, ok := a.AsKey(); ok {
		a = key
	}
	if a.Index != addr.Whole || a.Part != "" {
		return addr.Component{}, fmt.Errorf("%q is not a component, such as app.shop", text)
	}
	return a.Component, nil
}

// keptCommand is a command that plans from what the agent keeps, shows it, asks, and carries it out.
func keptCommand(verb, args, summary, example string, request func(args []string) (*agent.KeptRequest, error)) command {
	return command{name: verb, group: "Plan and apply", args: args, summary: summary, example: example,
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			r := c.runFlags(flags)
			stack := stackFlag(flags)
			var backup bool
			backupFlag(flags, &backup)
			input := flags.Bool("input", true, "ask questions")
			return func(ctx context.Context, args []string) error {
				kept, err := request(args)
				if err != nil {
					return err
				}
				_, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				return r.apply(ctx, agent.PlanRequest{Recipe: version, Stack: name, Kept: kept, NoBackup: !backup}, *input)
			}
		}}
}
