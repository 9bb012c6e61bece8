package oci

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxCached bounds the objects that are kept, in bytes: indexes, manifests and what is signed, and no archives.
const maxCached = 1 << 20

// Cache returns the registry with small objects kept in a directory, which is made when there is something to keep. They
// are named by their digests and checked again when they are read, so the directory needs no trust; what a tag stands for is
// asked each time. A directory in the file system is returned as it is.
func Cache(r Registry, dir string) Registry {
	if _, local := r.(directory); local {
		return r
	}
	return &cached{r, dir}
}

type cached struct {
	Registry
	dir string
}

func (c *cached) Repository(name string) (Repository, error) {
	r, err := c.Registry.Repository(name)
	return &cachedRepository{r, c.dir}, err
}

type cachedRepository struct {
	Repository
	dir string
}

func (c *cachedRepository) Fetch(ctx context.Context, d v1.Descriptor) (Content, error) {
	if d.Size > maxCached || d.Digest.Validate() != nil {
		return c.Repository.Fetch(ctx, d)
	}
	if content, err := os.ReadFile(c.path(d)); err == nil && Describe("", content).Digest == d.Digest {
		return io.NopCloser(bytes.NewReader(content)), nil
	}
	content, err := Read(ctx, c.Repository, d, maxCached)
	if err != nil {
		return nil, err
	}
	_ = c.keep(d, content) // without it the next one asks again
	return io.NopCloser(bytes.NewReader(content)), nil
}

// keep puts an object into the directory by a rename: half of one would only be fetched again, but cost that each time.
func (c *cachedRepository) keep(d v1.Descriptor, content []byte) error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), c.path(d))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (c *cachedRepository) path(d v1.Descriptor) string {
	return filepath.Join(c.dir, d.Digest.Encoded())
}
