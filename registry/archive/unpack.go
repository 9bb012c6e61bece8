package archive

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/nsynapse/recipe/providers/builtin/unpack"
	"github.com/nsynapse/recipe/registry/store"
)

// magic is how a zstd stream begins.
var magic = []byte("\x28\xb5\x2f\xfd")

// Unpack puts the content of an archive into the directory, which is empty, and fails unless it is exactly c. Otherwise it is
// Extract.
func Unpack(ctx context.Context, r io.Reader, dir string, c Content) error {
	if err := Extract(ctx, r, dir, c); err != nil {
		return err
	}
	return check(dir, c)
}

// Extract puts the content of an archive into the directory, which is empty: never more bytes than those of c, and never any
// outside the directory. After an error part of it is there. The caller has held the bytes of the archive against their digest, and
// holds the directory against the tree of c, as the store does with what gets its key.
func Extract(ctx context.Context, r io.Reader, dir string, c Content) (err error) {
	in := bufio.NewReader(r)
	if head, err := in.Peek(len(magic)); err != nil || !bytes.Equal(head, magic) {
		return fmt.Errorf("it is not the archive of a package")
	}
	if c.Bytes < 0 || c.Bytes > MaxBytes {
		return fmt.Errorf("it says that it holds %d bytes; a package may hold %d", c.Bytes, int64(MaxBytes))
	}
	tree, err := unpack.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	if err := tree.Tar(ctx, in, unpack.Limits{Bytes: c.Bytes}); err != nil {
		return err
	}
	return tree.CheckLinks()
}

// check holds what was unpacked against what it has to be.
func check(dir string, c Content) error {
	digest, err := store.HashTree(os.DirFS(dir), nil)
	if err == nil && store.TreeKey(digest) != c.Tree {
		err = errors.New("the archive does not hold the files that it has to")
	}
	return err
}
