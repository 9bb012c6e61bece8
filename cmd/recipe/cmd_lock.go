package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/disk"
)

func lockCommand() command {
	return command{name: "lock", group: "Versions", args: "[PATH]", summary: "Choose versions and implementations, and keep them in .recipe.lock.hcl.",
		example: "recipe lock -upgrade\nrecipe lock -upgrade=postgresql",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			s := c.stackFlags(flags)
			c.jsonFlag(flags)
			var upgrade upgrades
			flags.Var(&upgrade, "upgrade", "take the newest versions instead of those in the file: of the package `name`, or of all; may be repeated")
			return func(ctx context.Context, args []string) error {
				r, err := c.resolve(ctx, s, args, upgrade)
				if err != nil {
					return err
				}
				return c.lock(r)
			}
		}}
}

// upgrades is the flag -upgrade, which may stand without a value.
type upgrades []string

func (u *upgrades) String() string   { return strings.Join(*u, " ") }
func (u *upgrades) IsBoolFlag() bool { return true }

func (u *upgrades) Set(name string) error {
	if name == "true" {
		name = "*"
	}
	*u = append(*u, name)
	return nil
}

// resolve chooses for the stack named by args; conflicts are printed.
func (c *cli) resolve(ctx context.Context, s *stackFlags, args, upgrade []string) (*agent.Resolved, error) {
	q, err := s.request(args)
	if err != nil {
		return nil, err
	}
	q.Upgrade = upgrade
	r, err := agent.Resolve(ctx, c.home, q)
	if err != nil {
		return nil, err
	}
	if r.Lock != nil {
		return r, nil
	}
	if c.json {
		c.printJSON(map[string]any{"diagnostics": r.Diagnostics})
	} else {
		c.diagnostics(r.Diagnostics)
	}
	return nil, exitCode(exitError)
}

// lock writes the lock file, if it is not right already, and tells what changed.
func (c *cli) lock(r *agent.Resolved) error {
	text := r.After.Format()
	if old, err := os.ReadFile(r.File); err != nil || !bytes.Equal(old, text) {
		if err := disk.WriteFile(disk.OS{}, r.File, text, 0o644); err != nil {
			return fmt.Errorf("cannot write the lock file: %w", err)
		}
	}
	changes := append(lockChanges(r.Before.Versions, r.After.Versions), lockChanges(listed(r.Before.Sources), listed(r.After.Sources))...)
	if c.json {
		c.printJSON(map[string]any{"format_version": "1.0", "file": r.File, "packages": r.After.Versions, "implementations": r.After.Implementations, "sources": r.After.Sources, "changes": changes})
		return nil
	}
	for _, change := range changes {
		fmt.Fprintln(c.stdout, change)
	}
	if len(changes) == 0 {
		fmt.Fprintln(c.stdout, "Nothing changed.")
	}
	return nil
}

// listed is a map as lockChanges takes it.
func listed(m map[string]string) map[string][]string {
	all := map[string][]string{}
	for key, value := range m {
		all[key] = []string{value}
	}
	return all
}

// lockChanges tells the difference in versions, a line for each package.
func lockChanges(before, after map[string][]string) []string {
	changes := []string{}
	for _, name := range unionKeys(before, after) {
		was, is := strings.Join(before[name], ", "), strings.Join(after[name], ", ")
		switch {
		case was == is:
		case was == "":
			changes = append(changes, fmt.Sprintf("+ %s %s", name, is))
		case is == "":
			changes = append(changes, fmt.Sprintf("- %s %s", name, was))
		default:
			changes = append(changes, fmt.Sprintf("~ %s %s -> %s", name, was, is))
		}
	}
	return changes
}

func unionKeys(a, b map[string][]string) []string {
	var names []string
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
