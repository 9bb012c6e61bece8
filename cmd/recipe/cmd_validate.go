package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/lang/diag"
)

func validateCommand() command {
	return command{name: "validate", group: "Write", args: "[PATH]", summary: "Check a stack and its recipes, without running anything.",
		example: "recipe validate -json",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			s := c.stackFlags(flags)
			c.jsonFlag(flags)
			return func(ctx context.Context, args []string) error {
				q, err := s.request(args)
				if err != nil {
					return err
				}
				collectLate()
				checked, err := agent.Check(ctx, c.home, q)
				if err != nil {
					return err
				}
				return c.tellValid(checked)
			}
		}}
}

// validity is the answer of validate -json, laid out as Terraform's.
type validity struct {
	FormatVersion string            `json:"format_version"`
	Valid         bool              `json:"valid"`
	Errors        int               `json:"error_count"`
	Warnings      int               `json:"warning_count"`
	Diagnostics   []diag.Diagnostic `json:"diagnostics"`
}

func (c *cli) tellValid(checked *agent.Checked) error {
	v := validity{FormatVersion: "1.0", Valid: true, Diagnostics: checked.Diagnostics}
	if v.Diagnostics == nil {
		v.Diagnostics = []diag.Diagnostic{}
	}
	for _, d := range v.Diagnostics {
		if d.Severity == "error" {
			v.Errors++
			v.Valid = false
		} else {
			v.Warnings++
		}
	}
	if c.json {
		c.printJSON(v)
	} else {
		c.diagnostics(v.Diagnostics)
	}
	if !v.Valid {
		return exitCode(exitError)
	}
	if !c.json {
		fmt.Fprintf(c.stdout, "The stack %s is valid.\n", checked.Name)
	}
	return nil
}
