package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"

	"github.com/nsynapse/recipe/lang/pattern"
)

// defaultLimit bounds a file of unknown size, in bytes.
const defaultLimit = 8 << 30

var digestPattern = pattern.New(`^[0-9a-f]{64}$`)

// Request says which file is wanted.
type Request struct {
	URLs   []string // where the same file can be had, best first: http, https or file; none if it has to be there already
	SHA256 string   // its digest in lower-case hexadecimal; "" while nobody knows it
	Size   int64    // in bytes; 0 if unknown
	Limit  int64    // the most bytes to take when Size is unknown; 0 means 8 GiB
	Name   string   // for progress and errors; "" takes the last part of the first address
}

func (r Request) check() error {
	if len(r.URLs) == 0 && r.SHA256 == "" {
		return errors.New("internal error: a download without an address")
	}
	if r.SHA256 != "" && !digestPattern.MatchString(r.SHA256) {
		return fmt.Errorf("%q is not a SHA-256 digest: it needs 64 lower-case hexadecimal digits", r.SHA256)
	}
	for _, text := range r.URLs {
		u, err := url.Parse(text)
		if err != nil {
			return fmt.Errorf("cannot read address: %w", err)
		}
		if u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "file" {
			return fmt.Errorf("cannot download %s: only http, https and file addresses are known", u.Redacted())
		}
	}
	return nil
}

// key names the download in the directory, whole or not.
func (r Request) key() string {
	if r.SHA256 != "" {
		return r.SHA256
	}
	return urlKey(r.URLs[0])
}

func (r Request) name() string {
	if r.Name != "" {
		return r.Name
	}
	if len(r.URLs) == 0 {
		return r.key()
	}
	if u, err := url.Parse(r.URLs[0]); err == nil {
		return path.Base(u.Path)
	}
	return r.key()
}

func (r Request) limit() int64 {
	switch {
	case r.Size > 0:
		return r.Size
	case r.Limit > 0:
		return r.Limit
	}
	return defaultLimit
}

// ErrDigest says that a file is not the one that was asked for.
var ErrDigest = errors.New("the SHA-256 digest is wrong")

// OpenVerified opens the file, reads all of it and returns it rewound if it has the digest; else the error is an
// ErrDigest or tells why it cannot be read.
func OpenVerified(path, digest string) (*os.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	if got := hex.EncodeToString(sum.Sum(nil)); err == nil && got != digest {
		err = fmt.Errorf("%s: %w: want %s, got %s", path, ErrDigest, digest, got)
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func urlKey(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "url-" + hex.EncodeToString(sum[:16])
}

// redacted is the address without its password, for errors.
func redacted(text string) string {
	if u, err := url.Parse(text); err == nil {
		return u.Redacted()
	}
	return "the address"
}
