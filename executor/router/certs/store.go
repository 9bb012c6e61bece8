package certs

import (
	"crypto/tls"
	"errors"
	"sync"
	"time"
)

// keptLeaves bounds how many certificates are kept in memory: below "*.localhost" there are more names than anybody needs.
const keptLeaves = 1000

// Store has the certificates of a router. It is safe for concurrent use.
type Store struct {
	dir string

	mu     sync.Mutex
	ca     *CA // nil until it is needed
	leaves map[string]*tls.Certificate

	acme        sync.Mutex
	fronts      Fronts
	authorities map[Wanted]*authority // by account
}

// Open returns the store in dir. Nothing is read or written before a certificate is needed.
func Open(dir string) *Store {
	return &Store{dir: dir, leaves: map[string]*tls.Certificate{}, authorities: map[Wanted]*authority{}}
}

// Local returns a certificate of the local CA for the host, in lower case.
func (s *Store) Local(host string) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if leaf := s.leaves[host]; leaf != nil && leaf.Leaf.NotAfter.Sub(now) > renewAt {
		return leaf, nil
	}
	if s.dir == "" {
		return nil, errors.New("the table names no directory for certificates")
	}
	if s.ca == nil {
		ca, err := OpenCA(s.dir)
		if err != nil {
			return nil, err
		}
		s.ca = ca
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
