package main

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/nsynapse/recipe/planner/semver"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/attest"
)

func infoCommand() command {
	return command{name: "info", group: packagesGroup, args: "NAME[@VERSION]", summary: "Show what a package is, needs, offers and can be told.",
		example: "recipe info acme/shop\nrecipe info -sbom acme/shop@2.1.3",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			addresses := c.registryFlag(flags)
			sbom := flags.Bool("sbom", false, "print the list of what is in it (CycloneDX), verified, and nothing else")
			provenance := flags.Bool("provenance", false, "print the statement of where it comes from (SLSA), verified, and nothing else")
			return func(ctx context.Context, args []string) error {
				set, err := c.registries(*addresses)
				if err != nil {
					return err
				}
				name, version, err := packageArgument(args)
				if err != nil {
					return err
				}
				_, versions, err := set.Find(ctx, name)
				if err != nil {
					return err
				}
				r, err := set.Release(ctx, name, version)
				if err != nil {
					return withWayOut(err)
				}
				if *sbom || *provenance {
					return c.tellAttested(ctx, r, *sbom)
				}
				c.tellInfo(r, versions)
				return nil
			}
		}}
}

// tellAttested prints what was published beside a release, as it is, after it was held against the publisher's key.
func (c *cli) tellAttested(ctx context.Context, r *registry.Release, sbom bool) error {
	a, err := attest.Verify(ctx, r)
	if err != nil {
		return err
	}
	text := []byte(a.Statement)
	if sbom {
		text = a.BOM
	}
	if text == nil {
		return fmt.Errorf("%s %s: the registry does not have the list of contents that its publisher has signed", r.Name, r.Version)
	}
	_, err = fmt.Fprintf(c.stdout, "%s\n", bytes.TrimSpace(text))
	return err
}

func (c *cli) tellInfo(r *registry.Release, versions []semver.Version) {
	if c.json {
		c.printJSON(map[string]any{"manifest": r.Manifest, "status": r.Status, "registry": r.Registry, "digest": r.Digest,
			"fingerprint": r.Signer.Fingerprint(), "versions": versions})
		return
	}
	fmt.Fprintf(c.stdout, "%s %s\n", r.Name, r.Version)
	c.row("", r.Description)
	if r.Status.State != registry.Available {
		c.row(strings.ToUpper(string(r.Status.State)), cmp.Or(r.Status.Reason, "by its publisher"))
	}
	c.row("registry", r.Registry)
	c.row("signed with", string(r.Signer.Fingerprint()))
	c.row("versions", strings.Trim(fmt.Sprint(versions), "[]"))
	rows(c, "platforms", r.Archives, func(a registry.Archive) string { return fmt.Sprintf("%s, %d bytes", a.Platform, a.Size) })
	if len(r.Runs) > 0 {
		c.row("runs on", strings.Join(r.Runs, ", "))
	}
	if r.Plugin != nil {
		c.row("kind", r.Kind)
		rows(c, "types", r.Plugin.Types, func(name string) string { return name })
		c.row("protocol", strings.Trim(fmt.Sprint(r.Plugin.Protocols), "[]"))
	}
	rows(c, "depends on", r.Depends, func(d registry.Dependency) string { return strings.TrimSpace(d.Package + " " + d.Constraint) })
	rows(c, "uses", r.Uses, func(d registry.Dependency) string { return strings.TrimSpace(d.Package + " " + d.Constraint) })
	rows(c, "requires", r.Requires, func(q registry.Requirement) string {
		return strings.TrimSpace(fmt.Sprintf("%s: %s %s", q.Name, q.Service, q.Constraint))
	})
	rows(c, "provides", r.Provides, func(s registry.Service) string { return fmt.Sprintf("%s %s", s.Name, s.Version) })
	for _, contract := range r.Contracts {
		c.row("contract", fmt.Sprintf("%s %s", contract.Service, contract.Version))
		rows(c, "", contract.Attributes, attributeText)
	}
	rows(c, "inputs", r.Inputs, inputText)
	if r.Readme != "" {
		fmt.Fprintf(c.stdout, "\n%s\n", strings.TrimSpace(printable(r.Readme)))
	}
}

func attributeText(a registry.Attribute) string {
	text := "  " + a.Name + ", " + a.Type
	if a.Sensitive {
		text += ", secret"
	}
	if a.Optional {
		text += ", may be left out"
	}
	if a.Since != "" {
		text += ", since " + a.Since
	}
	if a.Description != "" {
		text += ": " + a.Description
	}
	return text
}

func inputText(in registry.Input) string {
	text := in.Name + ", " + in.Type
	if in.Default != "" {
		text += ", " + in.Default + " if not said"
	} else {
		text += ", has to be said"
	}
	if in.Description != "" {
		text += ": " + in.Description
	}
	return text
}

func (c *cli) row(name, value string) {
	if value != "" {
		fmt.Fprintf(c.stdout, "  %-12s %s\n", name, printable(value))
	}
}

// rows prints a row for each value, with the name before the first.
func rows[T any](c *cli, name string, values []T, text func(T) string) {
	for _, value := range values {
		c.row(name, text(value))
		name = ""
	}
}

// printable takes out what a terminal would take for commands: the text is somebody else's.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}
