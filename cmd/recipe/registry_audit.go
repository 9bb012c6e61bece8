package main

import (
	"context"
	"fmt"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/ledger"
)

// audit holds a registry against its log, and the log against a head that somebody else saw; "" for none.
func (c *cli) audit(ctx context.Context, addresses list, seen string) error {
	client, err := c.oneRegistry(addresses)
	if err != nil {
		return err
	}
	var other ledger.Head
	if seen != "" {
		if other, err = ledger.ParseHead(seen); err != nil {
			return err
		}
	}
	a, err := client.Audit(ctx, other)
	if err != nil {
		return err
	}
	c.tellAudit(a)
	if len(a.Problems) > 0 {
		return exitCode(exitError)
	}
	return nil
}

func (c *cli) tellAudit(a *registry.Audit) {
	if c.json {
		c.printJSON(a)
		return
	}
	fmt.Fprintf(c.stdout, "%s\nhead %s\n", a.Registry, a.Head)
	switch {
	case a.Key == "":
		fmt.Fprintln(c.stdout, "It has no log: what it shows to others, nobody can tell.")
	case a.Kept:
		fmt.Fprintf(c.stdout, "kept by the server, %s\n", a.Key)
	default:
		fmt.Fprintf(c.stdout, "last appended by %s\n", a.Key)
	}
	for _, problem := range a.Problems {
		fmt.Fprintf(c.stdout, "! %s\n", problem)
	}
	if len(a.Problems) == 0 && a.Key != "" {
		fmt.Fprintf(c.stdout, "All that it shows is in the log. Let others compare: recipe registry audit -seen=%s %s\n", a.Head, a.Registry)
	}
}
