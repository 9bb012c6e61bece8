// Package disk is the one door to durable files: what must survive a crash is written through an FS, so that a
// test can stand in a disk that loses, halves or garbles what was not synced.
package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS is the part of a file system that durable state needs. Paths are those of the operating system.
type FS interface {
	// Open opens a file as os.OpenFile does.
	Open(path string, flag int, perm fs.FileMode) (File, error)
	// Rename replaces newPath by oldPath at once; it is durable only after SyncDir of the directory.
	Rename(oldPath, newPath string) error
	Remove(path string) error
	MkdirAll(path string, perm fs.FileMode) error
	ReadDir(path string) ([]fs.DirEntry, error)
	// SyncDir makes the directory's own entries durable.
	SyncDir(path string) error
}

// File is an open file of an FS.
type File interface {
	io.Reader
	io.Writer
	io.ReaderAt
	io.Seeker
	io.Closer
	Truncate(size int64) error
	Sync() error
	Stat() (fs.FileInfo, error)
}

// OS is the real file system.
type OS struct{}

var _ FS = OS{}

func (OS) Open(path string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(path, flag, perm)
	if err != nil {
		return nil, err // a nil *os.File in a File would not be nil
	}
	return f, nil
}

func (OS) Rename(oldPath, newPath string) error         { return os.Rename(oldPath, newPath) }
func (OS) Remove(path string) error                     { return os.Remove(path) }
func (OS) MkdirAll(path string, perm fs.FileMode) error { return os.MkdirAll(path, perm) }
func (OS) ReadDir(path string) ([]fs.DirEntry, error)   { return os.ReadDir(path) }

func (OS) SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ReadFile returns the content of the file at path.
func ReadFile(fsys FS, path string) ([]byte, error) {
	f, err := fsys.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(f)
	return content, errors.Join(err, f.Close())
}

// WriteFile puts content at path so that after a crash either the old or the new content is there, whole:
// a fresh temporary file beside it, fsync, rename, fsync of the directory.
func WriteFile(fsys FS, path string, content []byte, perm fs.FileMode) error {
	if err := replace(fsys, path, content, perm, true); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(path))
}

// ReplaceFile puts content at path so that whoever reads it, also after a kill of this process, sees the old or the new
// content. It waits for no disk: a power cut may leave either of them, or a part.
func ReplaceFile(fsys FS, path string, content []byte, perm fs.FileMode) error {
	return replace(fsys, path, content, perm, false)
}

func replace(fsys FS, path string, content []byte, perm fs.FileMode, sync bool) error {
	temporary := path + ".new"
	if err := fsys.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := fsys.Open(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	if sync {
		if err := f.Sync(); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	return fsys.Rename(temporary, path)
}
