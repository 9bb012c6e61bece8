package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/router/certs"
)

// caNotice is how long before its end it is told that the CA has one.
const caNotice = 90 * 24 * time.Hour

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
				ca, err := certs.OpenCA(dir)
				if err != nil {
					return err
				}
				if end := ca.Ends(); time.Until(end) < caNotice {
					fmt.Fprintf(c.stderr, "Warning: it is good until %s only. Remove %s, and a new one is made, which has to be trusted anew.\n", end.Format(time.DateOnly), certs.Path(dir))
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
