package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/crypto/bcrypt"
)

// users know their passwords. It is safe for concurrent use.
type users struct {
	hashes map[string][]byte

	mu    sync.Mutex
	known map[string][sha256.Size]byte // the digest of the password that was right last time; bcrypt takes its time
}

func readUsers(path string) (*users, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the users: %w", err)
	}
	u := &users{hashes: map[string][]byte{}, known: map[string][sha256.Size]byte{}}
	for number, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, hash, ok := strings.Cut(line, ":")
		if _, err := bcrypt.Cost([]byte(hash)); !ok || name == "" || err != nil {
			return nil, fmt.Errorf("%s:%d: not NAME:BCRYPT; write it with: htpasswd -B %s NAME", path, number+1, path)
		}
		u.hashes[name] = []byte(hash)
	}
	return u, nil
}

// check reports whether the password is the user's.
func (u *users) check(name, password string) bool {
	digest := sha256.Sum256([]byte(password))
	u.mu.Lock()
	known, ok := u.known[name]
	u.mu.Unlock()
	if ok && subtle.ConstantTimeCompare(known[:], digest[:]) == 1 {
		return true
	}
	if bcrypt.CompareHashAndPassword(u.hashes[name], []byte(password)) != nil {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.known[name] = digest
	return true
}
