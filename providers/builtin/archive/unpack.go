package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/builtin/unpack"
	"github.com/nsynapse/recipe/providers/sdk"
)

// An archive may hold so many times its own size, and in any case so many bytes: real ones stay below 20 times.
const (
	growth = 100
	slack  = 1 << 30
)

func (w wish) unpack(ctx context.Context, dir string, fetcher *fetch.Fetcher, report sdk.Report) error {
	path, err := fetcher.Fetch(ctx, fetch.Request{URLs: []string{w.source}, SHA256: w.sha256}, report)
	if err != nil {
		return err
	}
	report.Send(sdk.Progress{Text: "unpacking " + w.name()})
	return Unpack(ctx, path, w.sha256, w.strip, dir)
}

// Unpack puts what is in the archive at path, which has to have the digest, into the empty directory. Strip is how many
// leading parts of the names are left out.
func Unpack(ctx context.Context, path, sha256 string, strip int, dir string) (err error) {
	file, err := fetch.OpenVerified(path, sha256)
	if err != nil {
		return err
	}
	defer file.Close()
	tree, err := unpack.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	if err := into(ctx, tree, file, strip); err != nil {
		return err
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
		return errors.Join(err, fmt.Errorf("nothing is left of it with strip = %d", strip))
	}
	return tree.CheckLinks()
}

// into unpacks a zip or tar archive; which one it is, its first bytes tell.
func into(ctx context.Context, tree *unpack.Tree, file *os.File, strip int) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	limits := unpack.Limits{Bytes: growth*info.Size() + slack, Strip: strip}
	var magic [4]byte
	if _, err := file.ReadAt(magic[:], 0); err != nil && err != io.EOF {
		return err
	}
	if string(magic[:]) == "PK\x03\x04" {
		return tree.Zip(ctx, file, info.Size(), limits)
	}
	return tree.Tar(ctx, file, limits)
}
