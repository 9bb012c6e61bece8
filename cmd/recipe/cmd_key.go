package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/nsynapse/recipe/registry/trust"
)

func keyCommand() command {
	return command{name: "key", group: packagesGroup, args: "new NAMESPACE | list | rotate NAMESPACE | revoke NAMESPACE FINGERPRINT",
		summary: "Your own keys, to sign packages with.",
		example: "recipe key new acme",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			return func(_ context.Context, args []string) error {
				keys, err := c.keys()
				if err != nil {
					return err
				}
				return c.key(keys, args)
			}
		}}
}

func (c *cli) key(keys trust.Keys, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "list":
		return c.listKeys(keys)
	case len(args) == 2 && args[0] == "new":
		s, err := keys.New(args[1])
		return c.tellKey(s, err, "Tell your users this fingerprint by a way that they trust; they give it with: recipe trust add")
	case len(args) == 2 && args[0] == "rotate":
		s, err := keys.Rotate(args[1])
		return c.tellKey(s, err, "The old key vouches for it: who trusts the old one learns of it with the next version that you publish.")
	case len(args) == 3 && args[0] == "revoke":
		f, err := trust.ParseFingerprint(args[2])
		if err != nil {
			return err
		}
		s, err := keys.Revoke(args[1], f)
		return c.tellKey(s, err, "Users learn of it with the next version that you publish; what the revoked key has signed is refused from then on.")
	}
	return hinted{fmt.Errorf("%q is not what recipe key does", args), "recipe key -h tells what it does."}
}

// keyLine is one own key as data.
type keyLine struct {
	Namespace   string            `json:"namespace"`
	Fingerprint trust.Fingerprint `json:"fingerprint"`
	Public      string            `json:"public"`
}

func lineOf(s *trust.Signer) keyLine { return keyLine{s.Namespace(), s.Fingerprint(), s.String()} }

func (c *cli) tellKey(s *trust.Signer, err error, next string) error {
	if err != nil {
		return err
	}
	if c.json {
		c.printJSON(lineOf(s))
		return nil
	}
	fmt.Fprintf(c.stdout, "%s %s\n%s\n", s.Namespace(), s.Fingerprint(), next)
	return nil
}

func (c *cli) listKeys(keys trust.Keys) error {
	all, err := keys.List()
	if err != nil {
		return err
	}
	lines := []keyLine{}
	for _, s := range all {
		lines = append(lines, lineOf(s))
		c.say(s.Namespace() + " " + string(s.Fingerprint()))
	}
	if c.json {
		c.printJSON(lines)
	}
	return nil
}
