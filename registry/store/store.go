package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nsynapse/recipe/lang/pattern"

	"github.com/nsynapse/recipe/providers/builtin/claim"
)

const (
	workDir = ".work"
	// treePrefix is put before the digest of a tree in the keys of AddTree and AddFS.
	treePrefix = "tree-"
)

var keyPattern = pattern.New(`^[a-z0-9][a-z0-9._-]{0,120}$`)

// Store is a directory of entries. It is safe for concurrent use, also by several processes.
type Store struct {
	dir   string // absolute
	fills claim.Group
	seen  seen
}

// Open opens the store in dir, which it makes when it is missing, and removes what crashed processes left in it.
func Open(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot open store: %w", err)
	}
	for _, sub := range []string{workDir, sumsDir} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("cannot open store %s: %w", dir, err)
		}
	}
	s := &Store{dir: dir}
	if err := s.sweep(); err != nil {
		return nil, fmt.Errorf("cannot tidy store %s: %w", dir, err)
	}
	return s, nil
}

// Path returns the directory of the entry. It is absolute, and complete when ok is true; else path is empty.
func (s *Store) Path(key string) (path string, ok bool) {
	if !keyPattern.MatchString(key) {
		return "", false
	}
	path = filepath.Join(s.dir, key)
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return "", false
	}
	s.seen.ask(key)
	return path, true
}

// Add returns the path of the entry, which it makes when it is missing: fill puts the content into a fresh, empty
// directory, and the entry appears whole or not at all. Callers that add the same key at the same time, in this
// process or in others, share one fill. Everybody may read an entry and only its owner could write to it; links and
// regular files are all it may hold. An entry that is damaged (see Sound) is made again in place of the old one, which
// those who run from it keep until they end.
func (s *Store) Add(ctx context.Context, key string, fill func(dir string) error) (path string, err error) {
	if !keyPattern.MatchString(key) {
		return "", fmt.Errorf("internal error: %q is not a key of the store", key)
	}
	if path, err := s.Sound(ctx, key); err == nil || ctx.Err() != nil {
		return path, err
	}
	err = s.fills.Do(ctx, s.lockPath(key), func() error {
		if _, err := s.Sound(ctx, key); err == nil || ctx.Err() != nil {
			return err
		}
		return s.make(ctx, key, fill)
	})
	if err != nil {
		return "", fmt.Errorf("cannot add %s to the store: %w", key, err)
	}
	return filepath.Join(s.dir, key), nil
}

// Remove removes the entry; that it is not there is no error. Nobody may be using it.
func (s *Store) Remove(ctx context.Context, key string) error {
	if !keyPattern.MatchString(key) {
		return fmt.Errorf("internal error: %q is not a key of the store", key)
	}
	lock, err := claim.Acquire(ctx, s.lockPath(key))
	if err != nil {
		return err
	}
	gone := s.workPath("gone-", key)
	err = os.Rename(filepath.Join(s.dir, key), gone) // a half-removed entry must never look like a complete one
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err == nil {
		err = os.Remove(s.sumsPath(key))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	return errors.Join(err, os.RemoveAll(gone), lock.Release())
}

// Keys lists the complete entries in order.
func (s *Store) Keys() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("cannot list store: %w", err)
	}
	var keys []string
	for _, e := range entries {
		if e.IsDir() && keyPattern.MatchString(e.Name()) {
			keys = append(keys, e.Name())
		}
	}
	return keys, nil
}

func (s *Store) make(ctx context.Context, key string, fill func(dir string) error) (err error) {
	dir := s.workPath("fill-", key)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	durable, err := newSync(dir)
	if err != nil {
		return err
	}
	defer durable.close()
	if err := fill(dir); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := seal(dir); err != nil {
		return err
	}
	if err := durable.sync(dir); err != nil {
		return fmt.Errorf("cannot make the entry durable: %w", err)
	}
	if err := s.writeSums(ctx, key, dir); err != nil {
		return fmt.Errorf("cannot keep the digests of the entry: %w", err)
	}
	return s.appear(key, dir)
}

// appear gives the complete directory its place, from which a damaged entry goes first: only a crash between the two
// renames leaves none, and then it is made again.
func (s *Store) appear(key, dir string) error {
	place, gone := filepath.Join(s.dir, key), s.workPath("gone-", key)
	if err := os.RemoveAll(gone); err != nil {
		return err
	}
	if err := os.Rename(place, gone); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(dir, place); err != nil {
		return err
	}
	return errors.Join(syncDir(s.dir), os.RemoveAll(gone))
}

// sweep removes what lies in the work directory and belongs to nobody.
func (s *Store) sweep() error {
	entries, err := os.ReadDir(filepath.Join(s.dir, workDir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		_, key, _ := strings.Cut(e.Name(), "-")
		if !e.IsDir() || !keyPattern.MatchString(key) {
			continue
		}
		lock, err := claim.Try(s.lockPath(key))
		if errors.Is(err, claim.ErrHeld) {
			continue
		}
		if err != nil {
			return err
		}
		err = os.RemoveAll(filepath.Join(s.dir, workDir, e.Name()))
		if err := errors.Join(err, lock.Release()); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) lockPath(key string) string { return s.workPath("lock-", key) }

func (s *Store) workPath(prefix, key string) string {
	return filepath.Join(s.dir, workDir, prefix+key)
}
