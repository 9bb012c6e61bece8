package config

import (
	"io/fs"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Provider is a plugin that resource types come from: a program that somebody has, or a package that is published.
//
//	uses_provider "acme/postgresql" { source = "./bin/postgresql" }
//	uses_provider "acme/postgresql" { version = "~> 1.0" }
//
// Or it is a provider of Terraform, which is a program too:
//
//	provider "terraform" "random" { source = "./bin/terraform-provider-random" }
type Provider struct {
	Name        string         // "acme/postgresql": its types are postgresql and those that begin with postgresql_; "terraform/random"
	Protocol    string         // "terraform", or "" for a plugin of recipe
	Source      string         // the path of its program, with slashes: below the package, or as seen from the stack file; "" for a package, and in a recipe that leaves it to the stack
	Constraint  *Constraint    // on the version of the package; nil for any
	Configured  bool           // it has a config block
	Config      hcl.Attributes // of a provider of Terraform, to be evaluated where the block stands; nil for none
	Range       hcl.Range
	SourceRange hcl.Range // of what names the program or package
}

// Published reports whether the plugin is a package, of which a version has to be chosen.
func (p *Provider) Published() bool { return p.Source == "" && p.Protocol == "" }

// Prefix is what the types of a provider of that name begin with: postgresql for acme/postgresql.
func Prefix(provider string) string {
	return strings.NewReplacer("-", "_", ".", "_").Replace(path.Base(provider))
}

// usesProvider reads a uses_provider or executor block into all; nil if there is something wrong with it.
func (l *loader) usesProvider(b *hcl.Block, all map[string]*Provider) *Provider {
	name := b.Labels[0]
	if first := all[name]; first != nil {
		l.duplicate("provider", first.Range, b.DefRange)
		return nil
	}
	a := l.content(b.Body, attributes("source", "version"))
	p := &Provider{Name: name, Constraint: l.constraint(a.Attributes["version"]), Range: b.DefRange, SourceRange: b.DefRange}
	if !l.packageName(name, b.LabelRanges[0]) {
		return nil
	}
	if source := a.Attributes["source"]; source != nil {
		if p.Source, p.SourceRange = l.text(source), source.Expr.Range(); p.Source == "" {
			l.fault(&p.SourceRange, "No source", `source is the path of the program of the plugin. Without this line %s comes from the registries.`, name)
			return nil
		}
		if v := a.Attributes["version"]; v != nil {
			l.fault(v.Range.Ptr(), "Source and version", "A source names one program, so there is no version to choose. Remove one of the two lines: without source, %s comes from the registries.", name)
			return nil
		}
	}
	all[name] = p
	return p
}

// Terraform is the protocol of Terraform's providers.
const Terraform = "terraform"

// foreign reads a provider block into all; nil if there is something wrong with it.
func (l *loader) foreign(b *hcl.Block, all map[string]*Provider) *Provider {
	protocol, name := b.Labels[0], b.Labels[0]+"/"+b.Labels[1]
	if protocol != Terraform {
		l.fault(b.LabelRanges[0].Ptr(), "Unknown kind of provider", `There is no provider %q: a provider of Terraform is written provider "terraform" "NAME" { … }, and a plugin of recipe uses_provider "NAMESPACE/NAME" { … }.%s`, protocol, didYouMean(protocol, []string{Terraform}))
		return nil
	}
	if first := all[name]; first != nil {
		l.duplicate("provider", first.Range, b.DefRange)
		return nil
	}
	c := l.content(b.Body, &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "source"}}, Blocks: []hcl.BlockHeaderSchema{{Type: "config"}}})
	p := &Provider{Name: name, Protocol: protocol, Range: b.DefRange, SourceRange: b.DefRange}
	if !l.packageName(name, b.LabelRanges[1]) {
		return nil
	}
	if source := c.Attributes["source"]; source != nil {
		p.Source, p.SourceRange = l.text(source), source.Expr.Range()
	}
	for i, inner := range c.Blocks {
		if i > 0 {
			l.duplicate("config block", c.Blocks[0].DefRange, inner.DefRange)
			continue
		}
		p.Configured, p.Config = true, l.settings(inner.Body)
	}
	all[name] = p
	return p
}

// settings are the arguments of a config block, with its blocks among them.
func (l *loader) settings(body hcl.Body) hcl.Attributes {
	if native, ok := body.(*hclsyntax.Body); ok {
		return l.arguments(native)
	}
	attributes, diags := body.JustAttributes()
	l.diags = append(l.diags, diags...)
	return attributes
}

// executor reads the executor block of a stack.
func (d *stackDecoder) executor(b *hcl.Block) {
	if first := d.stack.Executor; first != nil {
		d.duplicate("executor", first.Range, b.DefRange)
		return
	}
	d.stack.Executor = d.usesProvider(b, map[string]*Provider{})
}

// provider reads a uses_provider or provider block of a recipe: a program that it names is one of the package's own files.
func (d *recipeDecoder) provider(b *hcl.Block) {
	read := d.usesProvider
	if b.Type == "provider" {
		read = d.foreign
	}
	p := read(b, d.recipe.Providers)
	if p == nil || p.Source == "" {
		return // a package, or the stack has its program
	}
	if !within(p.Source) {
		d.fault(&p.SourceRange, "Not in the package", `A package brings its provider along: %q has to be the path of a file below its directory, such as "./bin/provider". To try one from elsewhere, put %s into the stack.`, p.Source, b.Type)
	}
}

// within reports whether a path, as a recipe writes it, names something below the package.
func within(source string) bool {
	clean := path.Clean(source)
	return fs.ValidPath(clean) && clean != "."
}
