package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/nsynapse/recipe/providers/builtin/unpack"
	"github.com/nsynapse/recipe/registry/store"
)

// MaxMemory bounds what Read takes, in bytes: recipes and their templates, and no programs.
const MaxMemory = 1 << 20

// ErrNotForMemory says that a package is too large to be read into memory, or has links. It can be unpacked.
var ErrNotForMemory = errors.New("the package has to be unpacked")

// Read is Unpack without a directory, for looking at small packages: the content is exactly c here too. The caller has held the
// bytes of the archive against their digest.
func Read(ctx context.Context, r io.Reader, c Content) (fs.FS, error) {
	if c.Bytes > MaxMemory || c.Files > MaxMemory/64 {
		return nil, ErrNotForMemory
	}
	in := bufio.NewReader(r)
	if head, err := in.Peek(len(magic)); err != nil || !bytes.Equal(head, magic) {
		return nil, fmt.Errorf("it is not the archive of a package")
	}
	plain, err := unpack.Decompress(in)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	m := memory{".": {name: ".", mode: fs.ModeDir | 0o755}}
	left := c.Bytes
	// Each entry has a head and padding beside its bytes.
	entries := tar.NewReader(io.LimitReader(plain, c.Bytes+int64(c.Files+4)*4096))
	for {
		head, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = m.add(head, entries, &left)
		}
		if err != nil {
			return nil, err
		}
	}
	digest, err := store.HashTree(m, nil)
	if err == nil && store.TreeKey(digest) != c.Tree {
		err = errors.New("the archive does not hold the files that it has to")
	}
	return m, err
}

// memory is a tree of files and directories by name.
type memory map[string]*node

// node is a file or a directory.
type node struct {
	name    string // the last part
	mode    fs.FileMode
	content []byte
	entries []fs.DirEntry // of a directory, sorted
}

// add takes over an entry; left is how many bytes may still come, also of one that says it has holes.
func (m memory) add(head *tar.Header, content io.Reader, left *int64) error {
	name := strings.TrimSuffix(head.Name, "/")
	above := m[path.Dir(name)]
	if !fs.ValidPath(name) || m[name] != nil || above == nil || !above.mode.IsDir() {
		return fmt.Errorf("the archive has %q where that cannot be", head.Name)
	}
	n := &node{name: path.Base(name)}
	switch head.Typeflag {
	case tar.TypeDir:
		n.mode = fs.ModeDir | 0o755
	case tar.TypeReg:
		if *left -= head.Size; *left < 0 {
			return fmt.Errorf("the archive holds more than it says, at %s", name)
		}
		var err error
		n.mode = fs.FileMode(head.Mode).Perm()
		if n.content, err = io.ReadAll(io.LimitReader(content, head.Size)); err != nil {
			return err
		}
	default:
		return ErrNotForMemory
	}
	m[name] = n
	at, _ := slices.BinarySearchFunc(above.entries, n.name, func(e fs.DirEntry, name string) int { return strings.Compare(e.Name(), name) })
	above.entries = slices.Insert(above.entries, at, fs.FileInfoToDirEntry(n))
	return nil
}

// Open is that of fs.FS.
func (m memory) Open(name string) (fs.File, error) {
	n := m[name]
	if n == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	o := &opened{node: n, Reader: bytes.NewReader(n.content)}
	if n.IsDir() {
		return &listed{o, n.entries}, nil
	}
	return o, nil
}

// ReadDir lists a directory.
func (m memory) ReadDir(name string) ([]fs.DirEntry, error) {
	n := m[name]
	if n == nil || !n.mode.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	return slices.Clone(n.entries), nil
}

// Stat looks without opening.
func (m memory) Stat(name string) (fs.FileInfo, error) {
	if n := m[name]; n != nil {
		return n, nil
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

// opened is a node that is read from.
type opened struct {
	*node
	*bytes.Reader
}

func (o *opened) Stat() (fs.FileInfo, error) { return o.node, nil }
func (o *opened) Size() int64                { return o.node.Size() }
func (o *opened) Close() error               { return nil }

// listed is a directory that is read from.
type listed struct {
	*opened
	left []fs.DirEntry
}

// ReadDir is that of fs.ReadDirFile.
func (l *listed) ReadDir(n int) ([]fs.DirEntry, error) {
	count := len(l.left)
	if n > 0 {
		if count == 0 {
			return nil, io.EOF
		}
		count = min(n, count)
	}
	next := slices.Clone(l.left[:count])
	l.left = l.left[count:]
	return next, nil
}

func (n *node) Name() string       { return n.name }
func (n *node) Size() int64        { return int64(len(n.content)) }
func (n *node) Mode() fs.FileMode  { return n.mode }
func (n *node) ModTime() time.Time { return time.Time{} }
func (n *node) IsDir() bool        { return n.mode.IsDir() }
func (n *node) Sys() any           { return nil }
