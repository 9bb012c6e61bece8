package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/planner/lockfile"
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
				r, err := c.resolve(ctx, s, args, upgrade, true)
				if err != nil {
					return err
				}
				if err := upgrade.check(r); err != nil {
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

// check refuses the name of what neither was locked nor is now: it is a slip, and "nothing changed" would hide it.
func (u upgrades) check(r *agent.Resolved) error {
	for _, name := range u {
		if name != "*" && !r.Before.Names(name) && !r.After.Names(name) {
			return hinted{fmt.Errorf("-upgrade=%s: nothing of that name is locked", name), "recipe outdated lists what there is newer versions of."}
		}
	}
	return nil
}

// resolve chooses for the stack named by args; conflicts are printed. With fresh registries are asked also about what is
// locked.
func (c *cli) resolve(ctx context.Context, s *stackFlags, args, upgrade []string, fresh bool) (*agent.Resolved, error) {
	q, err := s.request(args)
	if err != nil {
		return nil, err
	}
	q.Upgrade, q.Fresh = upgrade, fresh
	debug.SetGCPercent(400) // little is garbage, and the process soon ends
	r, err := agent.Resolve(ctx, c.home, q)
	if err != nil {
		return nil, err
	}
	if r.Lock != nil {
		return r, nil
	}
	return nil, c.refuse(r.Diagnostics)
}

// refuse prints what is wrong with a stack.
func (c *cli) refuse(diags []diag.Diagnostic) error {
	if c.json {
		c.printJSON(map[string]any{"diagnostics": diags})
	} else {
		c.diagnostics(diags)
	}
	return exitCode(exitError)
}

// lock writes the lock file, if it is not right already, and tells what changed.
func (c *cli) lock(r *agent.Resolved) error {
	text := r.After.Format()
	if old, err := os.ReadFile(r.File); err != nil || !bytes.Equal(old, text) {
		if err := writeLock(r.File, text); err != nil {
			return err
		}
	}
	changes := r.Before.Changes(r.After)
	if c.json {
		c.printJSON(map[string]any{"format_version": "1.0", "file": r.File, "packages": r.After.Versions(), "implementations": r.After.Implementations,
			"sources": r.After.Sources, "os_packages": r.OS, "changes": changes, "diagnostics": r.Diagnostics})
		return nil
	}
	c.diagnostics(r.Diagnostics)
	for _, change := range changes {
		fmt.Fprintln(c.stdout, change)
	}
	if len(changes) == 0 {
		fmt.Fprintln(c.stdout, "Nothing changed.")
	}
	return nil
}

// lockBeside is the lock file of the stack at path.
func lockBeside(path string) string {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		path = filepath.Dir(path)
	}
	return filepath.Join(path, lockfile.Name)
}

// writeLock puts the lock file beside a stack, whole or not at all.
func writeLock(file string, text []byte) error {
	if err := disk.WriteFile(disk.OS{}, file, text, 0o644); err != nil {
		return fmt.Errorf("cannot write the lock file: %w", err)
	}
	return nil
}
