package unpack

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
)

// Tar unpacks a tar archive, which may be compressed by gzip, xz, zstd or bzip2. After an error part of it is there.
func (t *Tree) Tar(ctx context.Context, r io.Reader, limits Limits) (err error) {
	plain, err := Decompress(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plain.Close()) }()
	archive := tar.NewReader(plain)
	b := &budget{Limits: limits}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		head, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("cannot read the archive: %w", err)
		}
		if err := t.tarEntry(head, archive, b); err != nil {
			return err
		}
	}
	// The checksum of the compression is at the end, behind the padding.
	_, err = io.Copy(io.Discard, io.LimitReader(plain, 1<<20))
	return err
}

func (t *Tree) tarEntry(head *tar.Header, content io.Reader, b *budget) error {
	if head.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, err := b.name(head.Name)
	if err != nil || name == "" {
		return err
	}
	switch head.Typeflag {
	case tar.TypeReg:
		return t.file(name, head.FileInfo().Mode(), content, b)
	case tar.TypeDir:
		return t.directory(name)
	case tar.TypeSymlink:
		return t.symlink(name, head.Linkname, b)
	case tar.TypeLink:
		target, err := b.name(head.Linkname)
		if err != nil {
			return err
		}
		if target == "" {
			return fmt.Errorf("hard link %s leads to what is left out", name)
		}
		return t.hardLink(name, target)
	}
	return fmt.Errorf("%s is neither a file nor a directory nor a link (type %q)", name, head.Typeflag)
}
