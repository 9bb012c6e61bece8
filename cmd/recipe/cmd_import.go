package main

import (
	"context"
	"errors"
	"flag"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/lang/addr"
)

func importCommand() command {
	return command{name: "import", group: "Plan and apply", args: "ADDRESS ID [PATH]", summary: "Take over a thing that is there already: plan, ask, and record it.",
		example: "recipe import 'app.shop[0].configure.aws_s3_bucket.photos' shop-photos",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			s := c.stackFlags(flags)
			s.refresh, s.backup = true, true
			s.lockFlag(flags)
			c.jsonFlag(flags)
			r := c.runFlags(flags)
			return func(ctx context.Context, args []string) error {
				if len(args) < 2 {
					return hinted{errors.New("an address and an id are needed"), "Such as: recipe import 'app.shop[0].configure.aws_s3_bucket.photos' shop-photos"}
				}
				at, err := addr.Parse(args[0])
				if err != nil {
					return err
				}
				q, err := s.request(args[2:])
				if err != nil {
					return err
				}
				q.Import = &agent.ImportRequest{Addr: at, ID: args[1]}
				return r.apply(ctx, q, s.input)
			}
		}}
}
