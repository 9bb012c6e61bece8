package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/providers/plugin/conformance"
)

func pluginCommand() command {
	return command{name: "plugin", group: "Plugins", args: "test PROGRAM", summary: "Try a plugin against all promises of resource types.",
		example: "recipe plugin test ./bin/postgresql",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			file := flags.String("cases", "conformance.hcl", "the `file` that describes what to try")
			return func(ctx context.Context, args []string) error {
				if len(args) != 2 || args[0] != "test" {
					return hinted{errors.New("there is recipe plugin test PROGRAM"), "recipe plugin -h has an example."}
				}
				return c.testPlugin(ctx, args[1], *file)
			}
		}}
}

func (c *cli) testPlugin(ctx context.Context, program, file string) error {
	program, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	cases, err := c.cases(file)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "recipe-plugin-test-")
	if err != nil {
		return fmt.Errorf("cannot make a directory for the trial: %w", err)
	}
	defer os.RemoveAll(scratch)
	held, broken := 0, 0
	heard := func(line string) { fmt.Fprintln(c.stderr, "    "+line) }
	sound, err := conformance.Test(ctx, program, cases, scratch, heard, func(v conformance.Verdict) {
		if held++; v.Err != nil {
			held, broken = held-1, broken+1
		}
		c.verdict(v)
	})
	if err != nil {
		return err
	}
	c.say(fmt.Sprintf("\n%d held, %d broken.", held, broken))
	if !sound {
		return exitCode(exitError)
	}
	return nil
}

// cases reads the file of cases.
func (c *cli) cases(file string) ([]conformance.Case, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hinted{fmt.Errorf("there are no cases at %s", file), "Describe there what to try; docs/plugins.md has an example. -cases=FILE names another file."}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the cases: %w", err)
	}
	cases, diags := conformance.Cases(text, file)
	if diags.HasErrors() {
		c.diagnostics(diag.From(diags, map[string][]byte{file: text}))
		return nil, exitCode(exitError)
	}
	return cases, nil
}

// verdict prints how one trial went.
func (c *cli) verdict(v conformance.Verdict) {
	name := v.Law
	if v.Case != "" {
		name = v.Case + ": " + v.Law
	}
	took := v.Took.Round(time.Millisecond)
	switch {
	case c.json:
		line := map[string]any{"case": v.Case, "law": v.Law, "holds": v.Err == nil, "took": v.Took}
		if v.Err != nil {
			line["error"] = v.Err.Error()
		}
		c.printJSON(line)
	case v.Err == nil:
		fmt.Fprintf(c.stdout, "  %s %s %s\n", c.dye("32", "✓"), name, c.dye("2", took.String()))
	default:
		fmt.Fprintf(c.stdout, "  %s %s %s\n      %s\n", c.dye("31", "✗"), name, c.dye("2", took.String()), v.Err)
	}
}
