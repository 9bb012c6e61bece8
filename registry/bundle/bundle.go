// Package bundle reads and writes bundles: files that carry the packages of a stack to a machine without a network. A bundle
// is a tar archive with, in this order,
//
//	recipe-bundle      the line "recipe bundle 1"
//	.recipe.lock.hcl   the lock file
//	signed/NAMESPACE   if a publisher vouches for it: the text of Statement with the publisher's signature
//	keys/NAMESPACE     then too: the publisher's public keys, as trust.History has them
//	blobs/DIGEST       objects of the registries, named by the 64 hexadecimal digits of their SHA-256 digests
//
// and nothing else. Nothing in it is trusted for being there: the lock file names the releases by their digests, these are
// signed, and what is signed names the archives of files by theirs.
package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/nsynapse/recipe/lang/pattern"
	"github.com/nsynapse/recipe/registry/oci"
)

const (
	headName = "recipe-bundle"
	head     = "recipe bundle 1\n"
	lockName = ".recipe.lock.hcl"
	signed   = "signed/"
	keys     = "keys/"
	blobs    = "blobs/"

	// maxLock bounds the lock file, in bytes.
	maxLock = 256 << 10
	// maxNote bounds what a publisher signs, and the publisher's keys, in bytes.
	maxNote = 64 << 10
)

var (
	blobPattern   = pattern.New(`^blobs/[0-9a-f]{64}$`)
	signedPattern = pattern.New(`^signed/[a-z0-9][a-z0-9_-]{0,62}$`)
)

// Seal is what a publisher says of a bundle. The zero value says nothing.
type Seal struct {
	Namespace string // of the publisher; as it came, so to be looked up and not believed
	Note      []byte // Statement, signed
	Keys      []byte // the keys of the publisher, of which the user trusts one or another
}

// Statement is what is signed: the lock file by its digest, and the stack that it is of.
func Statement(stack string, lock []byte) string {
	return fmt.Sprintf("recipe bundle lock 1\n%s\nsha256:%x\n", stack, sha256.Sum256(lock))
}

// Write writes a bundle of a lock file, what is said of it, and the objects in a directory.
func Write(w io.Writer, lock []byte, seal Seal, from oci.Blobs) error {
	t := tar.NewWriter(w)
	entries, err := os.ReadDir(string(from))
	if err == nil {
		err = put(t, headName, strings.NewReader(head), int64(len(head)))
	}
	if err == nil {
		err = put(t, lockName, bytes.NewReader(lock), int64(len(lock)))
	}
	if err == nil && seal.Note != nil {
		err = put(t, signed+seal.Namespace, bytes.NewReader(seal.Note), int64(len(seal.Note)))
		if err == nil {
			err = put(t, keys+seal.Namespace, bytes.NewReader(seal.Keys), int64(len(seal.Keys)))
		}
	}
	for _, e := range entries {
		if err == nil {
			err = putFile(t, blobs+e.Name(), filepath.Join(string(from), e.Name()))
		}
	}
	return errors.Join(err, t.Close())
}

func putFile(t *tar.Writer, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return put(t, name, f, info.Size())
}

func put(t *tar.Writer, name string, content io.Reader, size int64) error {
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644}); err != nil {
		return err
	}
	_, err := io.Copy(t, content)
	return err
}

// Read puts the objects of a bundle into a directory, which is empty, and returns the lock file and what is said of it.
func Read(r io.Reader, to oci.Blobs) (lock []byte, seal Seal, err error) {
	t := tar.NewReader(r)
	first, err := text(t, headName, int64(len(head)))
	if err != nil || string(first) != head {
		return nil, seal, fmt.Errorf("it is not a bundle, or one of another recipe: %w", errors.Join(err, io.ErrUnexpectedEOF))
	}
	if lock, err = text(t, lockName, maxLock); err != nil {
		return nil, seal, err
	}
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return lock, seal, nil
		}
		if err != nil {
			return nil, seal, fmt.Errorf("the bundle is damaged: %w", err)
		}
		if h.Typeflag == tar.TypeReg && signedPattern.MatchString(h.Name) && h.Size <= maxNote && seal.Note == nil {
			if seal.Note, err = io.ReadAll(t); err != nil {
				return nil, seal, fmt.Errorf("the bundle is damaged: %w", err)
			}
			seal.Namespace = strings.TrimPrefix(h.Name, signed)
			if seal.Keys, err = text(t, keys+seal.Namespace, maxNote); err != nil {
				return nil, seal, err
			}
			continue
		}
		if h.Typeflag != tar.TypeReg || !blobPattern.MatchString(h.Name) {
			return nil, seal, fmt.Errorf("the bundle has %q, which does not belong there", h.Name)
		}
		if err := save(t, filepath.Join(string(to), strings.TrimPrefix(h.Name, blobs))); err != nil {
			return nil, seal, err
		}
	}
}

// text is the next entry, which has the name and at most limit bytes.
func text(t *tar.Reader, name string, limit int64) ([]byte, error) {
	h, err := t.Next()
	if err != nil {
		return nil, err
	}
	if h.Name != name || h.Typeflag != tar.TypeReg || h.Size > limit {
		return nil, fmt.Errorf("the bundle has %q where it has to have %s of at most %d bytes", h.Name, name, limit)
	}
	return io.ReadAll(t)
}

func save(content io.Reader, path string) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err = io.Copy(f, content); err != nil {
		return fmt.Errorf("the bundle is damaged: %w", err)
	}
	return nil
}
