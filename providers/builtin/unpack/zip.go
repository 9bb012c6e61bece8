package unpack

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// maxTarget bounds the target of a link in a zip archive, where it is the content of the entry; in bytes.
const maxTarget = 4096

// Zip unpacks a zip archive of the given size in bytes. After an error part of it is there.
func (t *Tree) Zip(ctx context.Context, r io.ReaderAt, size int64, limits Limits) error {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("cannot read the archive: %w", err)
	}
	b := &budget{Limits: limits}
	for _, f := range archive.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.zipEntry(f, b); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tree) zipEntry(f *zip.File, b *budget) (err error) {
	name, err := b.name(f.Name)
	if err != nil || name == "" {
		return err
	}
	mode := f.Mode()
	if strings.HasSuffix(f.Name, "/") || mode.IsDir() {
		return t.directory(name)
	}
	if !mode.IsRegular() && mode.Type() != fs.ModeSymlink {
		return fmt.Errorf("%s is neither a file nor a directory nor a link", name)
	}
	content, err := f.Open()
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	if mode.IsRegular() {
		return t.file(name, mode, content, b)
	}
	target, err := io.ReadAll(io.LimitReader(content, maxTarget))
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", name, err)
	}
	return t.symlink(name, string(target), b)
}
