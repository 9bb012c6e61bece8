package unpack

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxWindow bounds the memory that a zstd stream may ask for, in bytes; `zstd --ultra -22` asks for half of it.
const maxWindow = 256 << 20

// Decompress returns the plain stream. What r is compressed by is told by its first bytes; a stream that begins like
// none of gzip, xz, zstd and bzip2 is taken as plain.
func Decompress(r io.Reader) (io.ReadCloser, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	head, err := in.Peek(6)
	if err != nil && err != io.EOF {
		return nil, err
	}
	var out io.Reader
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		out, err = gzip.NewReader(in)
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		out, err = xz.NewReader(in)
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		var z *zstd.Decoder
		z, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err == nil {
			return z.IOReadCloser(), nil
		}
	case bytes.HasPrefix(head, []byte("BZh")):
		out, err = bzip2.NewReader(in), nil
	default:
		out, err = in, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot decompress: %w", err)
	}
	return io.NopCloser(out), nil
}
