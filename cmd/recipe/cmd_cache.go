package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/cgroup"
)

func cacheCommand() command {
	return command{name: "cache", group: packagesGroup, args: "[prune]", summary: "What is kept of packages that were got by addresses; remove what is not needed.",
		example: "recipe cache\nrecipe cache prune -unused=168h -max=1GiB",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			unused := flags.Duration("unused", 0, "prune: only what nobody asked for since this `time`")
			most := flags.String("max", "", "prune: only until no more than this `size` is left, such as 1GiB")
			return func(ctx context.Context, args []string) error {
				q := agent.PruneSourcesRequest{Unused: math.MaxInt64}
				switch {
				case len(args) == 0:
				case len(args) == 1 && args[0] == "prune":
					var err error
					if q, err = pruneRequest(*unused, *most); err != nil {
						return err
					}
				default:
					return notDone(args, "cache")
				}
				return c.prune(ctx, q)
			}
		}}
}

// pruneRequest is what the flags ask for: a size alone says nothing of the time.
func pruneRequest(unused time.Duration, most string) (q agent.PruneSourcesRequest, err error) {
	q.Unused = unused
	if most == "" {
		return q, nil
	}
	bytes, ok := cgroup.ParseMemory(most)
	if !ok {
		return q, hinted{fmt.Errorf("%q is not a size", most), "Write it like 512MiB or 4GiB."}
	}
	if q.Bytes = bytes; unused == 0 {
		q.Unused = math.MaxInt64
	}
	return q, nil
}

func (c *cli) prune(ctx context.Context, q agent.PruneSourcesRequest) error {
	client, err := c.agent(ctx)
	if err != nil {
		return err
	}
	done, err := client.PruneSources(ctx, q)
	if err != nil {
		return err
	}
	if c.json {
		c.printJSON(done)
		return nil
	}
	if done.Removed > 0 {
		fmt.Fprintf(c.stdout, "Removed %d, %s. ", done.Removed, size(done.Freed))
	}
	fmt.Fprintf(c.stdout, "%d are kept, %s.\n", done.Left, size(done.Bytes))
	return nil
}
