package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/program"
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

func (c *cli) pack(ctx context.Context, dir, out string) (err error) {
	m, err := c.describe(dir)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "recipe-package-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	dirs, err := staged(ctx, m, map[string]string{registry.AnyPlatform: dir}, work)
	if err != nil {
		return err
	}
	if out != "" && len(dirs) > 1 {
		return hinted{fmt.Errorf("%s is %d archives, one for each of %s", m.Name, len(dirs), strings.Join(slices.Sorted(maps.Keys(dirs)), ", ")),
			"Leave out -out: they are named after their platforms."}
	}
	for _, platform := range slices.Sorted(maps.Keys(dirs)) {
		file := out
		if file == "" {
			file = archiveName(m, platform)
		}
		if err := outside(dir, file); err != nil {
			return err
		}
		a, err := registry.Pack(ctx, dirs[platform], platform, file)
		if err != nil {
			return err
		}
		c.tellPacked(m, a, file)
	}
	return nil
}

// archiveName is the name of the file that holds the archive of a version for a platform.
func archiveName(m *registry.Manifest, platform string) string {
	name := fmt.Sprintf("%s-%s", strings.ReplaceAll(m.Name, "/", "-"), m.Version)
	if platform != registry.AnyPlatform {
		name += "-" + strings.ReplaceAll(platform, "/", "-")
	}
	return name + ".tar.zst"
}

func (c *cli) tellPacked(m *registry.Manifest, a registry.Archive, file string) {
	if c.json {
		c.printJSON(map[string]any{"name": m.Name, "version": m.Version, "platform": a.Platform, "file": file, "digest": a.Digest, "size": a.Size, "content": a.Content})
		return
	}
	fmt.Fprintf(c.stdout, "%s %s: %d files, %d bytes, in %s\n%s\n", m.Name, m.Version, a.Content.Files, a.Size, file, a.Digest)
}

// staged returns the directories that are packed of a package, by platform: those given, or for a plugin others below work; what
// that supplies is added to m.
func staged(ctx context.Context, m *registry.Manifest, dirs map[string]string, work string) (map[string]string, error) {
	if m.Kind != config.PluginKind {
		return dirs, nil
	}
	below := filepath.Join(work, "stage")
	if err := os.Mkdir(below, 0o700); err != nil {
		return nil, err
	}
	return program.Stage(ctx, m, dirs, below)
}

// platformsOf are the platforms that there are archives for.
func platformsOf(m *registry.Manifest) []string {
	var list []string
	for _, a := range m.Archives {
		list = append(list, a.Platform)
	}
	return list
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
	if err != nil || ignore.LeavesOut(filepath.ToSlash(name)) {
		return err
	}
	return hinted{fmt.Errorf("%s lies in the package and would become part of it", out),
		fmt.Sprintf("Write it elsewhere with -out, or add a line %q to %s.", "*.tar.zst", filepath.Join(dir, store.IgnoreFile))}
}
