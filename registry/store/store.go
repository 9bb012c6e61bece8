package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/nsynapse/recipe/providers/builtin/claim"
)

const workDir = ".work"

var keyPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,120}$`)

// Store is a directory of entries. It is safe for concurrent use, also by several processes.
type Store struct {
	dir   string // absolute
	fills claim.Group
}

// Open opens the store in dir, which it makes when it is missing, and removes what crashed processes left in it.
func Open(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot open store: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, workDir), 0o755); err != nil {
		return nil, fmt.Errorf("cannot open store %s: %w", dir, err)
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
	return path, true
}

// Add returns the path of the entry, which it makes when it is missing: fill puts the content into a fresh, empty
// directory, and the entry appears whole or not at all. Callers that add the same key at the same time, in this
// process or in others, share one fill. Everybody may read an entry and only its owner could write to it; links and
// regular files are all it may hold.
func (s *Store) Add(ctx context.Context, key string, fill func(dir string) error) (path string, err error) {
	if !keyPattern.MatchString(key) {
		return "", fmt.Errorf("internal error: %q is not a key of the store", key)
	}
	if path, ok := s.Path(key); ok {
		return path, nil
	}
	err = s.fills.Do(ctx, s.lockPath(key), func() error {
		if _, ok := s.Path(key); ok {
			return nil
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
	if err := os.Rename(dir, filepath.Join(s.dir, key)); err != nil {
		return err
	}
	return syncDir(s.dir)
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
