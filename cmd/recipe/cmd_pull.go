package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/registry"
)

func pullCommand() command {
	return command{name: "pull", group: packagesGroup, args: "NAME[@VERSION]", summary: "Get a package from a registry, verified, into a directory.",
		example: "recipe pull -out=./shop acme/shop@2.1.3",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			addresses := c.registryFlag(flags)
			out := flags.String("out", "", "the `directory` to make; NAME-VERSION if not said")
			platform := flags.String("platform", registry.Platform(), "the `OS/ARCH` to get it for")
			return func(ctx context.Context, args []string) error {
				if err := checkPlatform(*platform); err != nil {
					return err
				}
				set, err := c.registries(*addresses)
				if err != nil {
					return err
				}
				name, version, err := packageArgument(args)
				if err != nil {
					return err
				}
				r, err := set.Release(ctx, name, version)
				if err != nil {
					return withWayOut(err)
				}
				return c.pull(ctx, r, *platform, *out)
			}
		}}
}

func (c *cli) pull(ctx context.Context, r *registry.Release, platform, out string) error {
	archive, err := r.For(platform)
	if err != nil {
		return err
	}
	if out == "" {
		out = fmt.Sprintf("%s-%s", path.Base(r.Name), r.Version)
	}
	if err := c.fill(ctx, r, platform, filepath.Clean(out)); err != nil {
		return err
	}
	c.warnYanked(r)
	if c.json {
		c.printJSON(map[string]any{"name": r.Name, "version": r.Version, "registry": r.Registry, "digest": r.Digest,
			"fingerprint": r.Signer.Fingerprint(), "platform": archive.Platform, "directory": out})
		return nil
	}
	fmt.Fprintf(c.stdout, "%s %s from %s, signed with %s, is in %s\n", r.Name, r.Version, r.Registry, r.Signer.Fingerprint(), out)
	if platform != registry.Platform() {
		c.say(pulledFor(r, archive, platform))
	}
	c.warnElsewhere(r, platform)
	return nil
}

// pulledFor says what an archive has to do with the platform that somebody named.
func pulledFor(r *registry.Release, archive registry.Archive, platform string) string {
	if archive.Platform == registry.AnyPlatform {
		return fmt.Sprintf("It has the same files for all platforms, also for %s.", platform)
	}
	return fmt.Sprintf("It has the files for %s.", archive.Platform)
}

// warnElsewhere tells of a package that its recipe does not let run on the platform: it may be looked at all the same.
func (c *cli) warnElsewhere(r *registry.Release, platform string) {
	if len(r.Runs) > 0 && !slices.Contains(r.Runs, platform) {
		fmt.Fprintf(c.stderr, "Warning: its recipe says that it runs on %s, and not on %s.\n", strings.Join(r.Runs, ", "), platform)
	}
}

// fill makes the directory out of a release. It appears when all is in it: whatever ends the command, half a package is not taken
// for a whole one.
func (c *cli) fill(ctx context.Context, r *registry.Release, platform, out string) error {
	if _, err := os.Lstat(out); err == nil {
		return hinted{fmt.Errorf("%s is there already", out), "Name another directory with -out."}
	}
	work, err := os.MkdirTemp(filepath.Dir(out), "."+filepath.Base(out)+".part-*")
	if err != nil {
		return fmt.Errorf("cannot make %s: %w", out, err)
	}
	err = r.FetchTo(ctx, platform, work)
	if err == nil {
		err = os.Chmod(work, 0o755)
	}
	if err == nil {
		err = os.Rename(work, out)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(work))
	}
	return nil
}

func (c *cli) warnYanked(r *registry.Release) {
	if r.Status.State == registry.Yanked {
		fmt.Fprintf(c.stderr, "Warning: %s %s %s\n", r.Name, r.Version, r.Status.Told())
	}
}
