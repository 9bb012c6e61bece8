package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/attest"
	"github.com/nsynapse/recipe/registry/trust"
)

func publishCommand() command {
	return command{name: "publish", group: packagesGroup, args: "[DIRECTORY]", summary: "Sign a package and put it into a registry.",
		example: "recipe publish -registry=oci://registry.example.com/team ./shop",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			addresses := c.registryFlag(flags)
			dirs := map[string]string{}
			flags.Func("platform", "`OS/ARCH=DIRECTORY`: the files for one platform, instead of one directory for all; may be repeated", func(s string) error {
				platform, dir, ok := strings.Cut(s, "=")
				if !ok || dir == "" || !strings.Contains(platform, "/") {
					return fmt.Errorf("%q is not OS/ARCH=DIRECTORY, such as linux/amd64=./build/amd64", s)
				}
				dirs[platform] = dir
				return nil
			})
			return func(ctx context.Context, args []string) error {
				if err := atMost(args, 1); err != nil {
					return err
				}
				for _, platform := range slices.Sorted(maps.Keys(dirs)) {
					if err := checkPlatform(platform); err != nil {
						return err
					}
				}
				if len(dirs) == 0 {
					dirs[registry.AnyPlatform] = directoryOf(args)
				} else if len(args) > 0 {
					return errors.New("a directory for all platforms and one for some cannot both be published")
				}
				return c.publish(ctx, dirs, *addresses)
			}
		}}
}

func (c *cli) publish(ctx context.Context, dirs map[string]string, addresses list) (err error) {
	client, err := c.oneRegistry(addresses)
	if err != nil {
		return err
	}
	m, err := c.describeAll(dirs)
	if err != nil {
		return err
	}
	namespace := registry.Namespace(m.Name)
	signer, err := c.signer(namespace, fmt.Sprintf("Make one: recipe key new %s\nWhere others publish in %[1]s already, users have to trust yours as well.", namespace))
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "recipe-publish-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	source := attest.SourceOf(ctx, slices.Sorted(maps.Values(dirs))[0])
	if dirs, err = staged(ctx, m, dirs, work); err != nil {
		return err
	}
	files, err := registry.PackAll(ctx, m, dirs, work)
	if err != nil {
		return err
	}
	beside, err := attest.For(m, dirs, source, signer)
	if err != nil {
		return err
	}
	index, err := client.Publish(ctx, m, files, signer, beside)
	if err != nil {
		return err
	}
	c.tellPublished(client, m, index, signer)
	return nil
}

// describeAll reads the recipes of all platforms, which have to say the same: one manifest is signed for all.
func (c *cli) describeAll(dirs map[string]string) (m *registry.Manifest, err error) {
	first := ""
	for _, platform := range slices.Sorted(maps.Keys(dirs)) {
		dir := dirs[platform]
		other, err := c.describe(dir)
		switch {
		case err != nil:
			return nil, err
		case m == nil:
			m, first = other, dir
		case m.Name != other.Name || m.Version.String() != other.Version.String():
			return nil, fmt.Errorf("%s is %s %s, and %s is %s %s: they are published as one version", dir, other.Name, other.Version, first, m.Name, m.Version)
		default:
			if what := m.Differs(other); what != "" {
				return nil, hinted{fmt.Errorf("the recipes of %s and %s differ in %s, and what is signed is the same for all platforms", first, dir, what),
					"Let the recipes of all platforms say the same, or publish them as packages of their own."}
			}
		}
	}
	return m, nil
}

// signer is the user's key of a namespace; wayOut is what somebody is told who has none.
func (c *cli) signer(namespace, wayOut string) (*trust.Signer, error) {
	keys, err := c.keys()
	if err != nil {
		return nil, err
	}
	signer, err := keys.Load(namespace)
	if errors.Is(err, trust.ErrNoKey) {
		return nil, hinted{fmt.Errorf("there is no key to sign packages of %s with", namespace), wayOut}
	}
	if err == nil && signer.Revoked() {
		return nil, hinted{fmt.Errorf("the key of %s was revoked, and nobody takes what it signs", namespace), "Make a new one with recipe key rotate " + namespace +
			", and tell your users its fingerprint: a revoked key cannot vouch for it."}
	}
	return signer, err
}

func (c *cli) tellPublished(client *registry.Client, m *registry.Manifest, index digest.Digest, by *trust.Signer) {
	if c.json {
		c.printJSON(map[string]any{"name": m.Name, "version": m.Version, "registry": client.String(), "digest": index,
			"fingerprint": by.Fingerprint(), "archives": m.Archives})
		return
	}
	fmt.Fprintf(c.stdout, "Published %s %s to %s\n%s, signed with %s\n", m.Name, m.Version, client, index, by.Fingerprint())
	if m.Plugin != nil {
		fmt.Fprintf(c.stdout, "A plugin for %s with the types %s\n", strings.Join(platformsOf(m), ", "), few(m.Plugin.Types))
	}
}
