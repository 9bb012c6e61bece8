package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/trust"
)

// packagesGroup is the heading of the commands about packages.
const packagesGroup = "Packages"

// keys is the directory of the user's own keys: below RECIPE_CONFIG, or the user's directory for configuration.
func (c *cli) keys() (trust.Keys, error) {
	if dir := c.getenv("RECIPE_CONFIG"); dir != "" {
		return trust.Keys(filepath.Join(dir, "keys")), nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", hinted{err, "Set RECIPE_CONFIG to the directory that your keys are kept in."}
	}
	return trust.Keys(filepath.Join(dir, "recipe", "keys")), nil
}

// keyring is whom this RECIPE_HOME trusts: it decides what its agent runs.
func (c *cli) keyring() *trust.Keyring { return registry.ReaderOf(c.home).Ring }

// registryFlag declares -registry, which may be repeated.
func (c *cli) registryFlag(flags *flag.FlagSet) *list {
	addresses := &list{}
	flags.Var(addresses, "registry", "the `address` of a registry; may be repeated, the first one that has a package decides")
	return addresses
}

// registries are those given by flags, or else by RECIPE_REGISTRIES, or else the directory in RECIPE_HOME.
func (c *cli) registries(addresses list) (registry.Set, error) {
	if len(addresses) == 0 {
		addresses = strings.Fields(c.getenv("RECIPE_REGISTRIES"))
	}
	if len(addresses) == 0 {
		own := filepath.Join(c.home, "registry")
		if err := os.MkdirAll(own, 0o755); err != nil { // nobody has to publish before others may look
			return nil, err
		}
		addresses = list{"file://" + filepath.ToSlash(own)}
	}
	var set registry.Set
	for _, address := range addresses {
		r, err := oci.Dial(address, oci.Options{})
		if err != nil {
			return nil, err
		}
		set = append(set, registry.New(r, registry.ReaderOf(c.home)))
	}
	return set, nil
}

// oneRegistry is for commands that change a registry.
func (c *cli) oneRegistry(addresses list) (*registry.Client, error) {
	set, err := c.registries(addresses)
	if err != nil {
		return nil, err
	}
	if len(set) != 1 {
		return nil, hinted{fmt.Errorf("there are %d registries: %s", len(set), set), "Say which one: -registry=ADDRESS"}
	}
	return set[0], nil
}

// packageArgument takes NAME or NAME@VERSION apart; version is "" if none is given.
func packageArgument(args []string) (name, version string, err error) {
	if len(args) != 1 {
		return "", "", hinted{fmt.Errorf("%d packages are named", len(args)), "Name one, as NAMESPACE/NAME or NAMESPACE/NAME@VERSION."}
	}
	name, version, _ = strings.Cut(args[0], "@")
	if namespace, rest, ok := strings.Cut(name, "/"); !ok || namespace == "" || rest == "" {
		return "", "", hinted{fmt.Errorf("%q is not a package of a registry", args[0]), "Name it as NAMESPACE/NAME or NAMESPACE/NAME@VERSION."}
	}
	return name, version, nil
}

// describe reads the recipe in a directory; mistakes are printed.
func (c *cli) describe(dir string) (*registry.Manifest, error) {
	if err := packageIn(dir); err != nil {
		return nil, err
	}
	m, diags := registry.Describe(os.DirFS(dir))
	if len(diags) == 0 {
		return m, nil
	}
	sources := map[string][]byte{}
	for _, d := range diags {
		for _, r := range []*hcl.Range{d.Subject, d.Context} {
			if r == nil || sources[r.Filename] != nil {
				continue
			}
			r.Filename = filepath.Join(dir, r.Filename)
			sources[r.Filename], _ = os.ReadFile(r.Filename) // without it there is no snippet
		}
	}
	switch {
	case !diags.HasErrors():
		if !c.json {
			c.diagnostics(diag.From(diags, sources))
		}
		return m, nil
	case c.json:
		return nil, diags
	}
	c.diagnostics(diag.From(diags, sources))
	return nil, exitCode(exitError)
}

// checkPlatform refuses what is no platform.
func checkPlatform(name string) error {
	if wayOut := registry.PlatformWayOut(name); wayOut != "" {
		return hinted{fmt.Errorf("%q is not a platform", name), wayOut}
	}
	return nil
}

// packageIn refuses a directory that is none, or that nobody made a package of.
func packageIn(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no directory %s", dir)
	case err != nil:
		return err
	case !info.IsDir():
		return hinted{fmt.Errorf("%s is no directory", dir), "Name the directory of the package, which has its recipe.hcl."}
	}
	for _, name := range []string{"recipe.hcl", "recipe.hcl.json"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return nil
		}
	}
	return hinted{fmt.Errorf("there is no recipe.hcl in %s, so it is no package", dir), "Name the directory of the package, which has one."}
}

// withWayOut adds to a refusal what the user can do about it.
func withWayOut(err error) error {
	var u *trust.Untrusted
	if errors.As(err, &u) {
		return hinted{err, u.WayOut() + "."}
	}
	return err
}
