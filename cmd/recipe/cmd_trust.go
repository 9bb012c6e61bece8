package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/nsynapse/recipe/registry/trust"
)

func trustCommand() command {
	return command{name: "trust", group: packagesGroup, args: "add NAMESPACE FINGERPRINT | list | remove NAMESPACE [FINGERPRINT]",
		summary: "The publishers whose packages are taken.",
		example: "recipe trust add acme SHA256:Jm1x…",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			return func(ctx context.Context, args []string) error { return c.trust(ctx, c.keyring(), args) }
		}}
}

func (c *cli) trust(ctx context.Context, ring *trust.Keyring, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "list":
		return c.listTrusted(ring)
	case len(args) == 3 && args[0] == "add":
		f, err := trust.ParseFingerprint(args[2])
		if err != nil {
			return err
		}
		err = ring.Add(ctx, args[1], f)
		var u *trust.Untrusted
		if errors.As(ring.Trusts(args[1], f), &u) && u.Revoked {
			return c.tellTrust(err, args[1]+" has revoked this key: what it has signed is refused all the same.")
		}
		return c.tellTrust(err, "Packages of "+args[1]+" that this key has signed are taken from now on.")
	case len(args) == 2 && args[0] == "remove":
		return c.tellTrust(ring.Remove(ctx, args[1], ""), "No package of "+args[1]+" is taken any more.")
	case len(args) == 3 && args[0] == "remove":
		f, err := trust.ParseFingerprint(args[2])
		if err != nil {
			return err
		}
		return c.distrust(ctx, ring, args[1], f)
	}
	return notDone(args, "trust")
}

// distrust takes a key back. One that was not known is most likely a slip, which would leave the one that is meant.
func (c *cli) distrust(ctx context.Context, ring *trust.Keyring, namespace string, f trust.Fingerprint) error {
	known, err := ring.Knows(namespace, f)
	if err != nil {
		return err
	}
	done := "Nothing that this key of " + namespace + " has signed is taken any more."
	if !known {
		done += "\nIt is none of the keys that recipe trust list shows: see that the fingerprint is right."
	}
	return c.tellTrust(ring.Remove(ctx, namespace, f), done)
}

func (c *cli) tellTrust(err error, done string) error {
	if err == nil {
		c.say(done)
	}
	return err
}

func (c *cli) listTrusted(ring *trust.Keyring) error {
	all, err := ring.List()
	if err != nil {
		return err
	}
	if c.json {
		c.printJSON(all)
		return nil
	}
	if len(all) == 0 {
		fmt.Fprintln(c.stdout, "No publisher is trusted yet. recipe trust add NAMESPACE FINGERPRINT trusts one.")
	}
	for _, p := range all {
		for _, f := range p.Fingerprints {
			fmt.Fprintf(c.stdout, "%s %s\n", p.Namespace, f)
		}
		for _, f := range p.Learnt {
			fmt.Fprintf(c.stdout, "%s %s (vouched for by a trusted key)\n", p.Namespace, f)
		}
		for _, f := range p.Revoked {
			fmt.Fprintf(c.stdout, "%s %s (revoked)\n", p.Namespace, f)
		}
	}
	return nil
}
