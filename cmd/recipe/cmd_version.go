package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
)

func versionCommand() command {
	return command{name: "version", group: "The agent", summary: "Print the version.",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			return func(context.Context, []string) error {
				if c.json {
					c.printJSON(map[string]string{"version": version, "platform": runtime.GOOS + "_" + runtime.GOARCH, "go": runtime.Version()})
					return nil
				}
				fmt.Fprintf(c.stdout, "recipe %s %s/%s\n", version, runtime.GOOS, runtime.GOARCH)
				return nil
			}
		}}
}
