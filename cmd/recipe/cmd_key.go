package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

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
		return c.revokeKey(keys, args[1], args[2])
	}
	return notDone(args, "key")
}

// notDone is the error of a command with words of its own that got others.
func notDone(args []string, command string) error {
	if len(args) == 0 {
		return hinted{fmt.Errorf("what is recipe %s to do?", command), "recipe " + command + " -h tells what there is."}
	}
	return hinted{fmt.Errorf("%q is not what recipe %s does, or not all that it needs", strings.Join(args, " "), command),
		"recipe " + command + " -h tells what there is."}
}

// revokeKey tells which key is taken back, and which one is in use: they are easily mixed up.
func (c *cli) revokeKey(keys trust.Keys, namespace, fingerprint string) error {
	f, err := trust.ParseFingerprint(fingerprint)
	if err != nil {
		return err
	}
	s, known, err := keys.Revoke(namespace, f)
	if err != nil {
		return err
	}
	if c.json {
		c.printJSON(struct {
			keyLine
			Revoked trust.Fingerprint `json:"revoked"`
			Known   bool              `json:"known"`
		}{lineOf(s), f, known})
		return nil
	}
	fmt.Fprintf(c.stdout, "%s %s is revoked.\n", namespace, f)
	if !known {
		c.say("It is none of the keys that were made here: see that the fingerprint is right.")
	}
	fmt.Fprintf(c.stdout, "Your key is %s.\nUsers learn of it with the next version that you publish; what the revoked key has signed is refused from then on.\n", s.Fingerprint())
	return nil
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
	if len(all) == 0 {
		c.say("There are no keys yet. recipe key new NAMESPACE makes one.")
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
