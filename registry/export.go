package registry

import (
	"context"
	"fmt"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/registry/archive"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/store"
)

// Export puts everything that Import needs of the release into a directory: what was signed, and the files for a platform. A
// revoked version is refused.
func (r *Release) Export(ctx context.Context, platform string, to oci.Blobs) error {
	a, err := r.allowed(platform)
	if err != nil {
		return err
	}
	repository, err := r.from.registry.Repository(r.Name)
	if err != nil {
		return err
	}
	from := r.from.kept(repository)
	if _, err := r.from.read(ctx, to.From(from), r.index, r.Name, r.Version.String()); err != nil {
		return err
	}
	if err := r.pass(ctx, to.From(from)); err != nil {
		return err
	}
	return to.Put(ctx, from, a.descriptor())
}

// kept is f, but small objects come from the cache.
func (c *Client) kept(f oci.Fetcher) oci.Fetcher {
	if c.reader.Cache == "" {
		return f
	}
	return oci.Objects(c.reader.Cache).Through(f)
}

// Import takes over what Export has put into a directory, as if it came from this registry, which is not asked: it is verified
// with the keys that are trusted, kept, and its files go to the store.
func (c *Client) Import(ctx context.Context, from oci.Blobs, name, version string, index digest.Digest, s *store.Store) error {
	d, err := from.Find(index, v1.MediaTypeImageIndex)
	if err != nil {
		return fmt.Errorf("%s %s is not in the bundle: %w", name, version, err)
	}
	r, err := c.read(ctx, c.kept(from), d, name, version)
	if err == nil {
		r.Status, err = c.reader.Memory.status(r)
	}
	if err != nil {
		return &Refusal{"the bundle", name, version, err}
	}
	if err := r.pass(ctx, c.kept(from)); err != nil {
		return err
	}
	a, err := r.allowed(Platform())
	if err != nil {
		return err
	}
	_, err = s.Add(ctx, a.Content.Tree, func(dir string) error { return r.unpackFrom(ctx, from, a, dir, archive.Extract) })
	return err
}

func (a Archive) descriptor() v1.Descriptor {
	return v1.Descriptor{MediaType: archiveType, Digest: a.Digest, Size: a.Size}
}
