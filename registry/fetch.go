package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/nsynapse/recipe/registry/archive"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/store"
)

// Fetch puts the files of a release for a platform into the store and returns their key. Nothing is unpacked before it
// has the digest that was signed. A revoked version is refused.
func (c *Client) Fetch(ctx context.Context, r *Release, platform string, s *store.Store) (key string, err error) {
	a, err := c.allowed(r, platform)
	if err != nil {
		return "", err
	}
	_, err = s.Add(ctx, a.Content.Tree, func(dir string) error { return c.unpack(ctx, r, a, dir) })
	return a.Content.Tree, err
}

// FetchTo is Fetch into a directory, which is empty.
func (c *Client) FetchTo(ctx context.Context, r *Release, platform, dir string) error {
	a, err := c.allowed(r, platform)
	if err != nil {
		return err
	}
	return c.unpack(ctx, r, a, dir)
}

func (c *Client) allowed(r *Release, platform string) (Archive, error) {
	if r.Status.State == Revoked {
		return Archive{}, fmt.Errorf("%s %s was revoked by its publisher: %s", r.Name, r.Version, r.Status.Reason)
	}
	return r.For(platform)
}

// unpack downloads an archive beside everything else, where it does not count before it is verified.
func (c *Client) unpack(ctx context.Context, r *Release, a Archive, dir string) (err error) {
	repository, err := c.registry.Repository(r.Name)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp("", "recipe-archive-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	d := v1.Descriptor{MediaType: archiveType, Digest: a.Digest, Size: a.Size}
	if err := oci.Copy(ctx, repository, d, f); err != nil {
		return fmt.Errorf("the files of %s %s from %s are refused: %w", r.Name, r.Version, r.Registry, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := archive.Unpack(ctx, f, dir, a.Content); err != nil {
		return fmt.Errorf("the files of %s %s are refused: %w", r.Name, r.Version, err)
	}
	return nil
}
