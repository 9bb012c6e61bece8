package archive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/nsynapse/recipe/registry/store"
)

// MaxBytes bounds what a package may hold, in bytes: middleware with all its libraries fits in many times.
const MaxBytes = 16 << 30

// Content says what is in an archive.
type Content struct {
	Tree  string `json:"tree"`  // the key of the directory in a store, whatever it is compressed by
	Bytes int64  `json:"bytes"` // of all files together
	Files int    `json:"files"` // entries: files, directories and links
}

// Pack writes the archive of the directory. What its .recipeignore matches is left out. Links that lead out of the
// directory are refused, and so is a directory that somebody writes to meanwhile.
func Pack(ctx context.Context, dir string, w io.Writer) (c Content, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	ignore, err := store.ReadIgnore(root.FS())
	if err != nil {
		return c, err
	}
	before, err := store.HashTree(root.FS(), ignore.Match)
	if err != nil {
		return c, fmt.Errorf("cannot read %s: %w", dir, err)
	}
	if c, err = packTree(ctx, root, ignore.Match, w); err != nil {
		return c, err
	}
	after, err := store.HashTree(root.FS(), ignore.Match)
	if err == nil && after != before {
		err = fmt.Errorf("the files of %s changed while they were packed; try again", dir)
	}
	c.Tree = store.TreeKey(before)
	return c, err
}

func packTree(ctx context.Context, root *os.Root, skip store.Skip, w io.Writer) (c Content, err error) {
	entries, err := store.List(root.FS(), skip)
	if err != nil {
		return c, err
	}
	// One goroutine: with more of them the blocks would depend on the machine.
	compressed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
	if err != nil {
		return c, err
	}
	p := packer{root: root, tar: tar.NewWriter(compressed)}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return c, errors.Join(err, compressed.Close())
		}
		if err := p.add(e); err != nil {
			_ = compressed.Close() // which writes as well, and would fail for the same reason
			return c, fmt.Errorf("cannot pack %s: %w", e.Path, err)
		}
	}
	return Content{Bytes: p.bytes, Files: len(entries)}, errors.Join(p.tar.Close(), compressed.Close())
}

type packer struct {
	root  *os.Root
	tar   *tar.Writer
	bytes int64
}

func (p *packer) add(e store.Entry) error {
	head := &tar.Header{Name: e.Path, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
	switch e.Kind {
	case 'd':
		head.Typeflag, head.Mode, head.Name = tar.TypeDir, 0o755, e.Path+"/"
		return p.tar.WriteHeader(head)
	case 'l':
		return p.link(head)
	case 'x':
		head.Mode = 0o755
	default:
		head.Mode = 0o644
	}
	head.Typeflag = tar.TypeReg
	return p.file(head)
}

func (p *packer) link(head *tar.Header) error {
	if _, err := p.root.Stat(head.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the link leads out of the directory: %w", err)
	}
	target, err := p.root.Readlink(head.Name)
	if err != nil {
		return err
	}
	head.Typeflag, head.Mode, head.Linkname = tar.TypeSymlink, 0o777, target
	return p.tar.WriteHeader(head)
}

func (p *packer) file(head *tar.Header) (err error) {
	f, err := p.root.Open(head.Name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	head.Size = info.Size()
	if p.bytes += head.Size; p.bytes > MaxBytes {
		return fmt.Errorf("the package has more than %d bytes", int64(MaxBytes))
	}
	if err := p.tar.WriteHeader(head); err != nil {
		return err
	}
	_, err = io.Copy(p.tar, f)
	return err
}
