package host

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/nsynapse/recipe/providers/plugin/child"
	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// OpenPublished returns the provider in the program at path, which came in a package: digest names the content of the package,
// and schema is the file wire.SchemaFile in it. The program is not started here. Whenever it is started later its types have to
// be those of the schema, or else it is ended at once and the call fails.
func (h *Host) OpenPublished(name, path, digest string, schema []byte) (*Plugin, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.plugins[digest]; p != nil {
		return p, nil
	}
	types, err := wire.ReadSchema(schema)
	if err != nil {
		return nil, fmt.Errorf("the package of the plugin %s cannot be used: %w", name, err)
	}
	where, said := h.program(name, path, digest)
	p := newPlugin(name, types, h.Patience, said, func() (link, error) { return h.agreed(digest, where, types) })
	p.idle = h.Idle
	h.enter(p, types, digest)
	return p, nil
}

// agreed is link to a program whose types were signed.
func (h *Host) agreed(digest string, where child.Program, signed sdk.Schema) (link, error) {
	l, err := h.link(digest, where)
	if err != nil {
		return nil, err
	}
	if err := agree(l.client(), signed); err != nil {
		l.kill()
		_ = os.Remove(h.recordFile(digest)) // it names nobody any more
		return nil, err
	}
	return l, nil
}

// agree asks a program for its types, which have to be those that were signed.
func agree(program protocol.ProviderClient, signed sdk.Schema) error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), schemaPatience, errSilent(schemaPatience))
	defer cancel()
	m, err := program.Schema(ctx, &protocol.SchemaRequest{})
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	if err != nil {
		return fmt.Errorf("it does not tell its types: %s", wire.Text(err.Error(), 1000))
	}
	own, err := wire.ToSchema(m)
	if err != nil {
		return fmt.Errorf("its schema cannot be used: %w", err)
	}
	other, err := differing(own, signed)
	if err != nil || other == "" {
		return err
	}
	return fmt.Errorf("it is not the program that the schema in its package was made from: %s is another there. Nothing was done; its publisher has to publish it again", other)
}

// differing names the first type that differs between two schemas, "" if there is none.
func differing(a, b sdk.Schema) (string, error) {
	for _, name := range slices.Sorted(maps.Keys(a.Types)) {
		if _, ok := b.Types[name]; !ok {
			return "the type " + name, nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Types)) {
		one, err := textOf(name, a)
		if err != nil {
			return "", err
		}
		other, err := textOf(name, b)
		if err != nil {
			return "", err
		}
		if !bytes.Equal(one, other) {
			return "the type " + name, nil
		}
	}
	return "", nil
}

// textOf is the text of one type of a schema; that of no type if there is none.
func textOf(name string, s sdk.Schema) ([]byte, error) {
	only := sdk.Schema{}
	if t, ok := s.Types[name]; ok {
		only.Types = map[string]sdk.TypeSchema{name: t}
	}
	return wire.WriteSchema(only)
}
