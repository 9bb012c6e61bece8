//go:build !linux

package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// sync makes a whole new directory durable, file by file.
type sync struct{}

func newSync(string) (*sync, error) { return &sync{}, nil }

func (s *sync) sync(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return syncDir(path)
		case d.Type().IsRegular():
			return syncFile(path)
		}
		return nil
	})
}

func (s *sync) close() {}

func syncFile(path string) error {
	flag := os.O_RDONLY
	if runtime.GOOS == "windows" {
		flag = os.O_RDWR // Windows flushes only what was opened for writing
	}
	f, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
