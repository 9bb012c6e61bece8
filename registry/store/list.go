package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Item is an entry as List tells of it.
type Item struct {
	Key   string
	Bytes int64     // of its files
	Made  time.Time // when it was put there
	Asked time.Time // when somebody of this process last asked for it, else when it was put there
}

// List lists the complete entries in the order of their keys. An entry that goes meanwhile is left out.
func (s *Store) List() ([]Item, error) {
	keys, err := s.Keys()
	if err != nil {
		return nil, err
	}
	items := make([]Item, 0, len(keys))
	for _, key := range keys {
		made, err := s.made(key)
		if err != nil {
			continue
		}
		asked := made
		if at := s.seen.lastAsked(key); at.After(made) {
			asked = at
		}
		items = append(items, Item{Key: key, Bytes: sizeOf(filepath.Join(s.dir, key)), Made: made, Asked: asked})
	}
	return items, nil
}

// made is when the file of its digests was written, just before the entry appeared. One without it is damaged: then it is when
// something of it was last there to be seen.
func (s *Store) made(key string) (time.Time, error) {
	info, err := os.Stat(s.sumsPath(key))
	if err != nil {
		info, err = os.Stat(filepath.Join(s.dir, key))
	}
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// sizeOf adds up the files that can be seen.
func sizeOf(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
}
