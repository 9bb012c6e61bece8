package certs

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"
)

// keptLeaves bounds how many certificates are kept in memory: below "*.localhost" there are more names than anybody needs.
const keptLeaves = 1000

// lookEvery is how often it is looked whether the local CA is still the one in its file.
const lookEvery = time.Second

// Store has the certificates of a router. It is safe for concurrent use.
type Store struct {
	dir string
	now func() time.Time

	mu     sync.Mutex
	ca     *CA         // nil until it is needed
	file   os.FileInfo // of the CA, as it was read
	looked time.Time   // when that was looked at last
	leaves map[string]*tls.Certificate

	acme        sync.Mutex
	fronts      Fronts
	authorities map[Wanted]*authority // by account
}

// Open returns the store in dir. Nothing is read or written before a certificate is needed.
func Open(dir string) *Store {
	return &Store{dir: dir, now: time.Now, leaves: map[string]*tls.Certificate{}, authorities: map[Wanted]*authority{}}
}

// Local returns a certificate of the local CA for the host, in lower case. A CA that was removed, or replaced by another one, is
// not used any more a second later.
func (s *Store) Local(host string) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if err := s.look(now); err != nil {
		return nil, err
	}
	if leaf := s.leaves[host]; leaf != nil && s.ca.lasts(leaf.Leaf, now) {
		return leaf, nil
	}
	leaf, err := s.ca.Issue(host, now)
	if err != nil {
		return nil, err
	}
	if len(s.leaves) >= keptLeaves {
		clear(s.leaves)
	}
	s.leaves[host] = leaf
	return leaf, nil
}

// look has the CA that is in the file, and one made if there is none. What cannot be read, as in the middle of a copy, does not
// take the place of one that could.
func (s *Store) look(now time.Time) error {
	if since := now.Sub(s.looked); s.ca != nil && since >= 0 && since < lookEvery {
		return nil
	}
	if s.dir == "" {
		return errors.New("the table names no directory for certificates")
	}
	s.looked = now
	file, err := os.Stat(Path(s.dir))
	if s.ca != nil && err == nil && os.SameFile(file, s.file) && file.ModTime().Equal(s.file.ModTime()) && file.Size() == s.file.Size() {
		return nil
	}
	ca, err := OpenCA(s.dir)
	if err == nil {
		file, err = os.Stat(Path(s.dir))
	}
	switch {
	case err == nil:
		if s.ca != nil && !ca.cert.Equal(s.ca.cert) {
			clear(s.leaves)
		}
		s.ca, s.file = ca, file
	case s.ca == nil:
		return err
	default:
		slog.Warn("the local CA is the one from before", "error", err)
	}
	return nil
}
