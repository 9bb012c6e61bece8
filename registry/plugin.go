package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/registry/oci"
)

// maxSchema bounds the schema of a plugin, in bytes.
const maxSchema = 16 << 20

// Plugin says what a plugin supplies. The whole of it is its schema, which lies in its files, and in the registry as an object of
// its own, so that it can be read without them.
type Plugin struct {
	Protocols []int         `json:"protocols"` // the versions of the protocol that it speaks
	Schema    digest.Digest `json:"schema"`
	Size      int64         `json:"size"`  // of the schema, in bytes
	Types     []string      `json:"types"` // the names of its resource types, in the order of the alphabet

	text []byte // the schema, in a manifest that is published
}

// NewPlugin says what a plugin supplies that has the schema.
func NewPlugin(schema []byte, types []string, protocols ...int) *Plugin {
	return &Plugin{Protocols: protocols, Schema: digest.FromBytes(schema), Size: int64(len(schema)), Types: types, text: schema}
}

func (p *Plugin) descriptor() v1.Descriptor {
	return v1.Descriptor{MediaType: schemaType, Digest: p.Schema, Size: p.Size}
}

// Schema returns the schema of a plugin, which has the digest that was signed. It is kept like what was signed.
func (r *Release) Schema(ctx context.Context) ([]byte, error) {
	repository, err := r.from.registry.Repository(r.Name)
	if err != nil {
		return nil, err
	}
	return r.schemaFrom(ctx, r.from.kept(repository))
}

func (r *Release) schemaFrom(ctx context.Context, from oci.Fetcher) ([]byte, error) {
	if r.Plugin == nil {
		return nil, errors.New("it is no plugin")
	}
	text, err := oci.Read(ctx, from, r.Plugin.descriptor(), maxSchema)
	if err != nil {
		return nil, fmt.Errorf("the schema of %s %s is refused: %w", r.Name, r.Version, err)
	}
	return text, nil
}

// pass reads the schema from somewhere that keeps what is read, if there is one.
func (r *Release) pass(ctx context.Context, from oci.Fetcher) error {
	if r.Plugin == nil {
		return nil
	}
	_, err := r.schemaFrom(ctx, from)
	return err
}
