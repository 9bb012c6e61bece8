package store

import (
	"crypto/sha256"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	locks "sync" // sync is a type of this package
	"time"
)

// mark is the digest of what the file system says of all things in an entry: sizes, modes and times.
type mark [sha256.Size]byte

// seen holds the mark of each entry that was verified in this process, and when somebody last asked for each. Its zero value is
// ready, and it is safe for concurrent use.
type seen struct {
	mu    locks.Mutex
	marks map[string]mark
	asked map[string]time.Time
}

// ask notes that somebody asks for the entry.
func (s *seen) ask(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked == nil {
		s.asked = map[string]time.Time{}
	}
	s.asked[key] = time.Now()
}

// lastAsked is when somebody last did; the zero time for never.
func (s *seen) lastAsked(key string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[key]
}

func (s *seen) has(key string, m mark) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.marks[key]
	return ok && known == m
}

// put remembers that the entry is sound, or forgets that it was.
func (s *seen) put(key string, m mark, sound bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !sound {
		delete(s.marks, key)
		return
	}
	if s.marks == nil {
		s.marks = map[string]mark{}
	}
	s.marks[key] = m
}

// mark looks at all things in an entry, and at the file of its digests, without opening files.
func (s *Store) mark(key string) (mark, error) {
	sum := sha256.New()
	look := func(path string) error {
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		writeField(sum, path)
		inode, changed := inodeOf(info)
		for _, n := range []int64{info.Size(), int64(info.Mode()), info.ModTime().UnixNano(), inode, changed} {
			var b [8]byte
			binary.BigEndian.PutUint64(b[:], uint64(n))
			sum.Write(b[:])
		}
		return nil
	}
	err := filepath.WalkDir(filepath.Join(s.dir, key), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return look(path)
	})
	if err == nil {
		err = look(s.sumsPath(key))
	}
	return mark(sum.Sum(nil)), err
}
