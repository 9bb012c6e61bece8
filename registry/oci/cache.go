package oci

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxCached bounds the objects that are kept, in bytes: indexes, manifests and what is signed, and no archives.
const maxCached = 1 << 20

// Objects is a directory of small objects, made when there is something to keep. They are named by their digests and checked
// again when they are read, so the directory needs no trust. It is safe for concurrent use, also by several processes.
type Objects string

// Fetch opens an object. The error is fs.ErrNotExist when it is not kept, or damaged.
func (o Objects) Fetch(_ context.Context, d v1.Descriptor) (Content, error) {
	if d.Digest.Validate() != nil {
		return nil, fs.ErrNotExist
	}
	content, err := os.ReadFile(o.path(d.Digest))
	if err != nil || Describe("", content).Digest != d.Digest {
		return nil, fmt.Errorf("%s is not kept: %w", d.Digest, fs.ErrNotExist)
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

// Find describes an object by its digest. The error is fs.ErrNotExist when it is not kept.
func (o Objects) Find(d digest.Digest, mediaType string) (v1.Descriptor, error) {
	return describe(o.path, d, mediaType)
}

// Keep puts an object into the directory by a rename: half of one would only be fetched again, but cost that each time.
func (o Objects) Keep(d digest.Digest, content []byte) error {
	if err := os.MkdirAll(string(o), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(string(o), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), o.path(d))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (o Objects) path(d digest.Digest) string { return filepath.Join(string(o), d.Encoded()) }

// Through returns what fetches from f and keeps small objects; of these, what is kept is not fetched.
func (o Objects) Through(f Fetcher) Fetcher { return through{f, o} }

type through struct {
	Fetcher
	objects Objects
}

func (t through) Fetch(ctx context.Context, d v1.Descriptor) (Content, error) {
	if d.Size > maxCached {
		return t.Fetcher.Fetch(ctx, d)
	}
	if content, err := t.objects.Fetch(ctx, d); err == nil {
		return content, nil
	}
	content, err := Read(ctx, t.Fetcher, d, maxCached)
	if err != nil {
		return nil, err
	}
	_ = t.objects.Keep(d.Digest, content) // without it the next one asks again
	return io.NopCloser(bytes.NewReader(content)), nil
}

// Cache returns the registry with small objects kept in a directory; what a tag stands for is asked each time. A directory
// in the file system is returned as it is.
func Cache(r Registry, o Objects) Registry {
	if _, local := r.(directory); local {
		return r
	}
	return &cached{r, o}
}

type cached struct {
	Registry
	objects Objects
}

func (c *cached) Repository(name string) (Repository, error) {
	r, err := c.Registry.Repository(name)
	return &cachedRepository{r, c.objects}, err
}

type cachedRepository struct {
	Repository
	objects Objects
}

func (c *cachedRepository) Fetch(ctx context.Context, d v1.Descriptor) (Content, error) {
	return c.objects.Through(c.Repository).Fetch(ctx, d)
}
