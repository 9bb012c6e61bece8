package bus

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nsynapse/recipe/executor/disk"
)

const (
	usersDir = "users"
	saltSize = 16  // bytes
	nameSize = 128 // bytes, at most
	scheme   = "sha256"
)

// AddUser lets name log in with password to the bus in dir, from now on; a user of that name gets the new password.
// The password has to be generated, with 160 bits or more: it is kept as a plain salted SHA-256, which nobody can
// guess back at that size, and checks that log in every few seconds would pay for a slow hash each time.
func AddUser(dir, name, password string) error {
	path, err := userPath(dir, name)
	if err != nil {
		return err
	}
	if password == "" {
		return fmt.Errorf("user %s of the bus needs a password", name)
	}
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails
	line := strings.Join([]string{scheme, encode(salt), encode(hash(salt, password))}, " ") + "\n"
	// Others may read: the server can run as another user than we, the instance's directory around it keeps
	// strangers out, and the hash of such a password tells nothing.
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("cannot add user %s to the bus: %w", name, err)
	}
	if err := disk.WriteFile(disk.OS{}, path, []byte(line), 0o644); err != nil {
		return fmt.Errorf("cannot add user %s to the bus: %w", name, err)
	}
	return nil
}

// RemoveUser takes the user away, if there is one. Its open connections are closed within a second.
func RemoveUser(dir, name string) error {
	path, err := userPath(dir, name)
	if err != nil {
		return err
	}
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = disk.OS{}.SyncDir(filepath.Dir(path)) // else a power cut could bring the user back
	}
	if err != nil {
		return fmt.Errorf("cannot remove user %s from the bus: %w", name, err)
	}
	return nil
}

// hasUser reports whether the user exists.
func hasUser(dir, name string) (bool, error) {
	path, err := userPath(dir, name)
	if err != nil {
		return false, err
	}
	switch _, err := os.Stat(path); {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	default:
		return false, err
	}
}

// admits reports whether the user exists and has that password.
func admits(dir, name, password string) bool {
	path, err := userPath(dir, name)
	if err != nil {
		return false
	}
	line, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	fields := strings.Fields(string(line))
	if len(fields) != 3 || fields[0] != scheme {
		return false
	}
	salt, err1 := base64.StdEncoding.DecodeString(fields[1])
	want, err2 := base64.StdEncoding.DecodeString(fields[2])
	return errors.Join(err1, err2) == nil && subtle.ConstantTimeCompare(hash(salt, password), want) == 1
}

func userPath(dir, name string) (string, error) {
	if name == "" || len(name) > nameSize || strings.ContainsFunc(name, notInName) {
		return "", fmt.Errorf("%q is not a name for a user of the bus: 1 to %d letters, digits, - and _", name, nameSize)
	}
	return filepath.Join(dir, usersDir, name), nil
}

// notInName tells what cannot be in a name, which is also that of a file. There is no dot: nothing leads out of the
// directory, and no half-written file counts as a user.
func notInName(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", r)
}

func hash(salt []byte, password string) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write([]byte(password))
	return h.Sum(nil)
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
