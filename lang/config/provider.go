package config

import (
	"io/fs"
	"path"

	"github.com/hashicorp/hcl/v2"
)

// Provider is a plugin that resource types come from: uses_provider "acme/postgresql" { source = "./bin/postgresql" }.
type Provider struct {
	Name        string // "acme/postgresql": its types are postgresql and those that begin with postgresql_
	Source      string // the path of its program, with slashes: below the package, or as seen from the stack file
	Range       hcl.Range
	SourceRange hcl.Range
}

// usesProvider reads a uses_provider or executor block into all; nil if there is something wrong with it.
func (l *loader) usesProvider(b *hcl.Block, all map[string]*Provider) *Provider {
	name := b.Labels[0]
	if first := all[name]; first != nil {
		l.duplicate("provider", first.Range, b.DefRange)
		return nil
	}
	a := l.content(b.Body, attributes("source", "version"))
	if v := a.Attributes["version"]; v != nil {
		l.fault(v.Range.Ptr(), "Versions of providers come later", "Providers from registries come with a later version of recipe. Remove this line: a source names one program.")
	}
	source := a.Attributes["source"]
	if source == nil {
		l.fault(b.DefRange.Ptr(), "No source", `%s needs a source = "./PATH", which is the program of the plugin.`, name)
		return nil
	}
	p := &Provider{Name: name, Source: l.text(source), Range: b.DefRange, SourceRange: source.Expr.Range()}
	if !l.packageName(name, b.LabelRanges[0]) || p.Source == "" {
		return nil
	}
	all[name] = p
	return p
}

// executor reads the executor block of a stack.
func (d *stackDecoder) executor(b *hcl.Block) {
	if first := d.stack.Executor; first != nil {
		d.duplicate("executor", first.Range, b.DefRange)
		return
	}
	d.stack.Executor = d.usesProvider(b, map[string]*Provider{})
}

// provider reads a uses_provider block of a recipe: its program is one of the package's own files.
func (d *recipeDecoder) provider(b *hcl.Block) {
	p := d.usesProvider(b, d.recipe.Providers)
	if p == nil {
		return
	}
	if within := path.Clean(p.Source); !fs.ValidPath(within) || within == "." {
		d.fault(&p.SourceRange, "Not in the package", `A package brings its provider along: %q has to be the path of a file below its directory, such as "./bin/provider". To try one from elsewhere, put uses_provider into the stack.`, p.Source)
	}
}
