package oci

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// Content is an object that is being read.
type Content = io.ReadCloser

// Fetcher opens objects by their digests; Read and Copy check what it returns.
type Fetcher interface {
	Fetch(ctx context.Context, d v1.Descriptor) (Content, error)
}

// ErrDamaged says that an object is not what its digest stands for.
var ErrDamaged = errors.New("it does not have the digest that it has to")

// Describe returns the descriptor of the content.
func Describe(mediaType string, content []byte) v1.Descriptor {
	return v1.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(content), Size: int64(len(content))}
}

// Read returns an object of at most limit bytes, which has its digest and size.
func Read(ctx context.Context, r Fetcher, d v1.Descriptor, limit int64) ([]byte, error) {
	if d.Size > limit {
		return nil, fmt.Errorf("%s has %d bytes; at most %d are read", d.Digest, d.Size, limit)
	}
	var b bytes.Buffer
	if err := Copy(ctx, r, d, &b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Copy writes an object to w and fails unless it has its digest and size; never more bytes than that are written. After
// an error w has part of it, which means nothing.
func Copy(ctx context.Context, r Fetcher, d v1.Descriptor, w io.Writer) (err error) {
	if err := d.Digest.Validate(); err != nil || d.Size < 0 || d.Digest.Algorithm() != digest.SHA256 {
		return fmt.Errorf("%q with %d bytes cannot be an object: it needs a sha256 digest", d.Digest, d.Size)
	}
	content, err := r.Fetch(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	verifier := d.Digest.Verifier()
	n, err := io.Copy(io.MultiWriter(w, verifier), io.LimitReader(content, d.Size+1))
	switch {
	case err != nil:
		return fmt.Errorf("cannot read %s: %w", d.Digest, err)
	case n != d.Size || !verifier.Verified():
		return fmt.Errorf("%s: %w", d.Digest, ErrDamaged)
	}
	return nil
}
