package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Skip reports whether a path of a tree, with slashes and relative to its top, is left out. The content of
// a directory that is left out is not asked about.
type Skip func(path string, dir bool) bool

// HashTree returns the digest of the tree in lower-case hexadecimal; skip may be nil. It covers names, contents,
// exec bits, link targets and empty directories, and neither times nor owners. It fails on anything but regular
// files, directories and links.
//
// The digest is the SHA-256 of the line "recipe tree 1" and of one record for each entry below the top, ordered by
// the bytes of the path:
//
//	kind     1 byte: 'd' directory, 'f' file, 'x' executable file, 'l' link
//	path     8 bytes length (big endian), then the path with slashes
//	payload  8 bytes length (big endian), then the SHA-256 of a file's content, a link's target, or nothing
func HashTree(fsys fs.FS, skip Skip) (string, error) {
	entries, err := List(fsys, skip)
	if err != nil {
		return "", err
	}
	sums := make([]sum, len(entries))
	for i, e := range entries {
		payload, err := e.payload(fsys)
		if err != nil {
			return "", err
		}
		sums[i] = sum{e, string(payload)}
	}
	return treeDigest(sums), nil
}

// TreeKey is the key of a tree with the digest of HashTree, as AddTree returns it.
func TreeKey(digest string) string { return treePrefix + digest }

// treeDigest is the digest of a tree that was read.
func treeDigest(sums []sum) string {
	digest := sha256.New()
	io.WriteString(digest, "recipe tree 1\n")
	for _, s := range sums {
		digest.Write([]byte{s.Kind})
		writeField(digest, s.Path)
		writeField(digest, s.payload)
	}
	return hex.EncodeToString(digest.Sum(nil))
}

// Entry is one thing below the top of a tree.
type Entry struct {
	Kind byte // as in the digest of HashTree
	Path string
}

// List returns what is in a tree, ordered by the bytes of the path; skip may be nil. It fails on anything but regular
// files, directories and links.
func List(fsys fs.FS, skip Skip) ([]Entry, error) {
	var entries []Entry
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		if skip != nil && skip(path, d.IsDir()) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		kind, err := kindOf(path, d)
		entries = append(entries, Entry{kind, path})
		return err
	})
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return entries, err
}

func kindOf(path string, d fs.DirEntry) (byte, error) {
	switch {
	case d.IsDir():
		return 'd', nil
	case d.Type() == fs.ModeSymlink:
		return 'l', nil
	case !d.Type().IsRegular():
		return 0, fmt.Errorf("%s is neither a file nor a directory nor a link", path)
	}
	info, err := d.Info()
	if err != nil {
		return 0, err
	}
	if executable(info.Mode()) {
		return 'x', nil
	}
	return 'f', nil
}

func (e Entry) payload(fsys fs.FS) ([]byte, error) {
	switch e.Kind {
	case 'd':
		return nil, nil
	case 'l':
		target, err := fs.ReadLink(fsys, e.Path)
		return []byte(target), err
	}
	f, err := fsys.Open(e.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", e.Path, err)
	}
	return sum.Sum(nil), nil
}

func writeField(sum hash.Hash, b string) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(b)))
	sum.Write(length[:])
	io.WriteString(sum, b)
}
