package oci

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// Blobs is a directory with objects of any size, each in a file named by the hexadecimal digits of its digest. Read and Copy
// check what comes from it. It is for one process at a time.
type Blobs string

// Fetch opens an object. The error is fs.ErrNotExist when it is not there.
func (b Blobs) Fetch(_ context.Context, d v1.Descriptor) (Content, error) {
	if d.Digest.Validate() != nil {
		return nil, fs.ErrNotExist
	}
	return openFile(b.path(d.Digest))
}

// Find describes an object by its digest. The error is fs.ErrNotExist when it is not there.
func (b Blobs) Find(d digest.Digest, mediaType string) (v1.Descriptor, error) {
	return describe(b.path, d, mediaType)
}

// describe is the descriptor of the object in the file that path returns for a digest.
func describe(path func(digest.Digest) string, d digest.Digest, mediaType string) (v1.Descriptor, error) {
	if d.Validate() != nil {
		return v1.Descriptor{}, fs.ErrNotExist
	}
	info, err := os.Stat(path(d))
	if err != nil {
		return v1.Descriptor{}, err
	}
	return v1.Descriptor{MediaType: mediaType, Digest: d, Size: info.Size()}, nil
}

// Put copies an object there, which is checked.
func (b Blobs) Put(ctx context.Context, from Fetcher, d v1.Descriptor) (err error) {
	if err := d.Digest.Validate(); err != nil {
		return err
	}
	f, err := os.Create(b.path(d.Digest))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return Copy(ctx, from, d, f)
}

// From returns what fetches from f by way of the directory, so that what is read from it is there afterwards.
func (b Blobs) From(f Fetcher) Fetcher { return byWay{b, f} }

type byWay struct {
	Blobs
	from Fetcher
}

func (w byWay) Fetch(ctx context.Context, d v1.Descriptor) (Content, error) {
	if err := w.Put(ctx, w.from, d); err != nil {
		return nil, err
	}
	return w.Blobs.Fetch(ctx, d)
}

func (b Blobs) path(d digest.Digest) string { return filepath.Join(string(b), d.Encoded()) }
