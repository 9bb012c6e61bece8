package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/trust"
)

func yankCommand() command {
	return command{name: "yank", group: packagesGroup, args: "NAME@VERSION", summary: "Keep a published version from being chosen, or from being used.",
		example: "recipe yank -reason='loses orders' acme/shop@2.1.3",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			addresses := c.registryFlag(flags)
			reason := flags.String("reason", "", "the `text` that users are told")
			revoke := flags.Bool("revoke", false, "refuse the version also to those who use it already")
			undo := flags.Bool("undo", false, "make the version available again")
			return func(ctx context.Context, args []string) error {
				state := registry.Yanked
				switch {
				case *revoke && *undo:
					return errors.New("-revoke and -undo contradict each other")
				case *revoke:
					state = registry.Revoked
				case *undo:
					state = registry.Available
				}
				return c.mark(ctx, args, *addresses, state, *reason)
			}
		}}
}

// ownKey says of a refusal of what the user has signed how to go on: the key has to be trusted here as well.
func ownKey(err error, by *trust.Signer) error {
	var u *trust.Untrusted
	if !errors.As(err, &u) || u.Revoked || !slices.Contains(u.Offered, by.Fingerprint()) {
		return err
	}
	return hinted{fmt.Errorf("what is published is verified first, and your own key of %s is not trusted here", by.Namespace()),
		fmt.Sprintf("Trust it with\nrecipe trust add %s %s\nand try again.", by.Namespace(), by.Fingerprint())}
}

func (c *cli) mark(ctx context.Context, args []string, addresses list, state registry.State, reason string) error {
	client, err := c.oneRegistry(addresses)
	if err != nil {
		return err
	}
	name, version, err := packageArgument(args)
	if err != nil {
		return err
	}
	if version == "" {
		return hinted{errors.New("no version is named"), fmt.Sprintf("Name it: recipe yank %s@VERSION", name)}
	}
	namespace := registry.Namespace(name)
	signer, err := c.signer(namespace, "Only who has published it can take it back: go where the key is that it was signed with.")
	if err != nil {
		return err
	}
	if err := client.Mark(ctx, name, version, state, reason, signer); err != nil {
		return ownKey(withWayOut(err), signer)
	}
	if c.json {
		c.printJSON(map[string]any{"name": name, "version": version, "state": state, "reason": reason})
		return nil
	}
	fmt.Fprintf(c.stdout, "%s %s is %s now.\n", name, version, state)
	return nil
}
