package library

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/registry/origin"
)

// Named loads the package that a source of a stack names: a directory, relative to base, or an address, which is got.
// Pin is what the address stood for before; "" if nobody knows. The origin of the package is its source, or the address
// with what it stands for.
func (l *Library) Named(ctx context.Context, base, source, pin string) (*Package, hcl.Diagnostics) {
	if !origin.Remote(source) {
		return l.Local(filepath.Join(base, filepath.FromSlash(source)), source)
	}
	address, err := origin.Parse(source)
	if err != nil {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Wrong source", Detail: sentence(err)}}
	}
	p, diags, err := l.remote(ctx, address, pin)
	if err != nil {
		return nil, cannotGet(err)
	}
	return p, diags
}

// sentence is an error as the detail of a diagnostic.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

func (l *Library) remote(ctx context.Context, address origin.Address, pin string) (*Package, hcl.Diagnostics, error) {
	pin, err := address.Pin(ctx, pin)
	if err != nil {
		return nil, nil, err
	}
	dir, err := origin.Place{Dir: l.sources()}.Get(ctx, address, pin)
	if err != nil {
		return nil, nil, err
	}
	p, diags := open(os.DirFS(dir), address.At(pin), prefixAt(address, pin))
	if p != nil {
		p.directory = dir
		if address.Fixed() == "" {
			p.pin = pin
		}
	}
	return p, diags, nil
}

// sources is where packages that were got by addresses are kept; "" for nowhere.
func (l *Library) sources() string {
	if l.reader.Cache == "" {
		return ""
	}
	return filepath.Join(l.reader.Cache, "sources")
}

// prefixAt names the files of an address in messages, in short: shop.git@1a2b3c4d5e6f.
func prefixAt(address origin.Address, pin string) string {
	_, digest, ok := strings.Cut(pin, ":")
	if !ok {
		digest = pin
	}
	return path.Base(address.Location()) + "@" + digest[:12]
}
