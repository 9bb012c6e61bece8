package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/registry/trust"
)

func bundleCommand() command {
	return command{name: "bundle", group: "Versions", args: "[PATH]", summary: "Put the packages of a stack into a file, for a machine without a network.",
		example: "recipe bundle -o shop.bundle\nrecipe apply -bundle=shop.bundle",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			s := c.stackFlags(flags)
			c.jsonFlag(flags)
			sign := flags.String("sign", "", "sign the lock file in it with the key of this `namespace`, so that it need not be brought beside the bundle")
			out := flags.String("o", "", "write the bundle to this `file`")
			return func(ctx context.Context, args []string) error {
				if *out == "" {
					return hinted{errors.New("no file is given"), "Name it: recipe bundle -o shop.bundle"}
				}
				q, err := s.request(args)
				if err != nil {
					return err
				}
				by, err := c.bundleSigner(*sign)
				if err != nil {
					return err
				}
				return c.bundle(ctx, q, by, *out)
			}
		}}
}

// bundleSigner is the key of a namespace; nil for none.
func (c *cli) bundleSigner(namespace string) (*trust.Signer, error) {
	if namespace == "" {
		return nil, nil
	}
	keys, err := c.keys()
	if err != nil {
		return nil, err
	}
	return keys.Load(namespace)
}

// bundle writes to a file beside the one that is wanted, which is there when it is whole.
func (c *cli) bundle(ctx context.Context, q agent.PlanRequest, by *trust.Signer, file string) (err error) {
	f, err := os.Create(file + ".part")
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.Remove(f.Name()); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	locked, diags, err := agent.Bundle(ctx, c.home, q, by, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if locked == nil {
		return c.refuse(diags)
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return err
	}
	if c.json {
		c.printJSON(map[string]any{"format_version": "1.0", "file": file, "packages": locked.Versions()})
		return nil
	}
	fmt.Fprintf(c.stdout, "Written to %s. On the other machine, beside the stack's files: recipe apply -bundle=%s\n", file, file)
	return nil
}

// unbundle takes over a bundle before a plan is made. The lock file is written when there is none; then no registry is asked.
func (c *cli) unbundle(ctx context.Context, q agent.PlanRequest, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	lock, diags, err := agent.Unbundle(ctx, c.home, q, f)
	if err != nil {
		return fmt.Errorf("cannot use the bundle %s: %w", file, err)
	}
	if lock == nil {
		return c.refuse(diags)
	}
	path := lockBeside(q.Path)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return writeLock(path, lock)
	}
	return nil
}
