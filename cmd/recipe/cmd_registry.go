package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/nsynapse/recipe/registry/server"
)

// registryProgram is what serves a registry. It is no part of recipe, whose start it would slow down.
const registryProgram = "recipe-registry"

func registryCommand() command {
	return command{name: "registry", group: packagesGroup, args: "serve | audit [ADDRESS]", summary: "Run a registry for a team, or hold one against its log.",
		example: "recipe registry serve -dir=/srv/packages -listen=:5000 -tls-cert=c.pem -tls-key=k.pem -users=users -push=acme=ann,bob\nrecipe registry audit oci://registry.example.com/team",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			var o server.Options
			o.Declare(flags)
			c.jsonFlag(flags)
			seen := flags.String("seen", "", "for audit: the `HEAD` of the log that somebody else was shown, as their audit prints it")
			return func(ctx context.Context, args []string) error {
				if len(args) > 0 && args[0] == "audit" {
					return c.audit(ctx, args[1:], *seen)
				}
				if len(args) != 1 || args[0] != "serve" {
					return notDone(args, "registry")
				}
				if err := o.Check(); err != nil {
					return err
				}
				program, err := findRegistryProgram()
				if err != nil {
					return err
				}
				return become(ctx, program, o.Arguments())
			}
		}}
}

// findRegistryProgram looks beside recipe, then where the system looks.
func findRegistryProgram() (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), registryProgram)
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	if program, err := exec.LookPath(registryProgram); err == nil {
		return program, nil
	}
	return "", hinted{fmt.Errorf("the program %s is not there", registryProgram), "It comes with recipe; put it beside recipe, or anywhere in PATH."}
}
