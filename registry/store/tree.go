package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// AddTree copies the directory into the store under the digest of its content and returns the key, "src-<digest>",
// and the path of the entry. What ignore matches is left out; nil takes the directory's own .recipeignore. Links that
// lead out of the directory are refused: the entry would depend on what lies around it.
func (s *Store) AddTree(ctx context.Context, dir string, ignore *Ignore) (key, path string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if ignore == nil {
		if ignore, err = ReadIgnore(root.FS()); err != nil {
			return "", "", err
		}
	}
	digest, err := HashTree(root.FS(), ignore.Match)
	if err != nil {
		return "", "", fmt.Errorf("cannot read %s: %w", dir, err)
	}
	key = TreeKey(digest)
	path, err = s.Add(ctx, key, func(to string) error { return copyTree(ctx, root, to, ignore.Match) })
	if errors.Is(err, ErrOther) {
		err = errChanging
	}
	return key, path, err
}

// CopyTree copies what of a directory belongs to a package, and is not left out by also, into the directory to, which is empty. Links
// that lead out of the directory are refused.
func CopyTree(ctx context.Context, dir, to string, also Skip) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	ignore, err := ReadIgnore(root.FS())
	if err != nil {
		return err
	}
	skip := func(path string, dir bool) bool { return ignore.Match(path, dir) || also(path, dir) }
	digest, err := HashTree(root.FS(), skip)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", dir, err)
	}
	if err := copyTree(ctx, root, to, skip); err != nil {
		return err
	}
	got, err := HashTree(os.DirFS(to), nil)
	if err == nil && got != digest {
		err = errChanging
	}
	return err
}

var errChanging = errors.New("the files changed while they were copied; try again")

// copyTree copies what is below from. Someone may be writing there, so the caller looks at the digest of the copy.
func copyTree(ctx context.Context, from *os.Root, dir string, skip Skip) (err error) {
	to, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	entries, err := List(from.FS(), skip)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.copy(from, to); err != nil {
			return fmt.Errorf("cannot copy %s: %w", e.Path, err)
		}
	}
	return nil
}

func (e Entry) copy(from, to *os.Root) error {
	switch e.Kind {
	case 'd':
		return to.Mkdir(e.Path, 0o755)
	case 'l':
		if _, err := from.Stat(e.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the link leads out of the directory: %w", err)
		}
		target, err := from.Readlink(e.Path)
		if err != nil {
			return err
		}
		return to.Symlink(target, e.Path)
	case 'x':
		return copyFile(from, to, e.Path, 0o755)
	}
	return copyFile(from, to, e.Path, 0o644)
}

func copyFile(from, to *os.Root, path string, mode fs.FileMode) error {
	in, err := from.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := to.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// AddFS copies all of fsys, which holds no links and does not change, as AddTree does with a directory.
func (s *Store) AddFS(ctx context.Context, fsys fs.FS) (key, path string, err error) {
	digest, err := HashTree(fsys, nil)
	if err != nil {
		return "", "", err
	}
	key = TreeKey(digest)
	path, err = s.Add(ctx, key, func(to string) error { return os.CopyFS(to, fsys) })
	return key, path, err
}
