package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/router/certs"
)

func caCommand() command {
	return command{name: "ca", group: "The agent", summary: "Print where the certificate of the local CA is, which signs for names below localhost.",
		example: "curl --cacert $(recipe ca) https://shop.localhost:8443/",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			return func(_ context.Context, args []string) error {
				if err := atMost(args, 0); err != nil {
					return err
				}
				dir := agent.CertificatesDir(c.home)
				if _, err := certs.OpenCA(dir); err != nil {
					return err
				}
				path := certs.CertificatePath(dir)
				if c.json {
					c.printJSON(map[string]string{"certificate": path})
					return nil
				}
				fmt.Fprintln(c.stdout, path)
				return nil
			}
		}}
}
