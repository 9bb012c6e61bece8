package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/store"
)

func packageCommand() command {
	return command{name: "package", group: packagesGroup, args: "[DIRECTORY]", summary: "Make the archive of a package: the same files, the same bytes.",
		example: "recipe package -out=/tmp/shop.tar.zst ./shop",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			out := flags.String("out", "", "the `file` to write; NAMESPACE-NAME-VERSION.tar.zst in the current directory if not said")
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 1); err != nil {
					return err
				}
				return c.pack(ctx, directoryOf(args), *out)
			}
		}}
}

// directoryOf is the directory that the arguments name, the current one without any.
func directoryOf(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

func (c *cli) pack(ctx context.Context, dir, out string) error {
	m, err := c.describe(dir)
	if err != nil {
		return err
	}
	if out == "" {
		out = fmt.Sprintf("%s-%s.tar.zst", strings.ReplaceAll(m.Name, "/", "-"), m.Version)
	}
	if err := outside(dir, out); err != nil {
		return err
	}
	a, err := registry.Pack(ctx, dir, registry.AnyPlatform, out)
	if err != nil {
		return err
	}
	if c.json {
		c.printJSON(map[string]any{"name": m.Name, "version": m.Version, "file": out, "digest": a.Digest, "size": a.Size, "content": a.Content})
		return nil
	}
	fmt.Fprintf(c.stdout, "%s %s: %d files, %d bytes, in %s\n%s\n", m.Name, m.Version, a.Content.Files, a.Size, out, a.Digest)
	return nil
}

// outside refuses an archive that the next one would hold.
func outside(dir, out string) error {
	top, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	file, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(top, file)
	if err != nil || !filepath.IsLocal(name) {
		return nil // it lies elsewhere
	}
	ignore, err := store.ReadIgnore(os.DirFS(dir))
	if err != nil || ignore.Match(filepath.ToSlash(name), false) {
		return err
	}
	return hinted{fmt.Errorf("%s lies in the package and would become part of it", out),
		fmt.Sprintf("Write it elsewhere with -out, or add a line %q to %s.", "*.tar.zst", filepath.Join(dir, store.IgnoreFile))}
}
