package builtin

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// marker is the small file that remembers what became of a command. It lies in the state directory under the
// SHA-256 of the resource's address, and holds one JSON object:
//
//	{"token": "the token of the change", "stage": "started" | "ran" | "found"}
type marker struct {
	directory string
	name      string
}

// stage is how far a command came:
//
//	(no marker) -> started -> ran
//	(no marker) -> found
type stage string

const (
	started stage = "started" // it was begun; whether it ended is not known
	ran     stage = "ran"     // it ended with success
	found   stage = "found"   // it was not needed: what it creates was there
)

// mark is the content of a marker; zero if there is none.
type mark struct {
	Token string `json:"token"`
	Stage stage  `json:"stage"`
}

func (m mark) done() bool { return m.Stage == ran || m.Stage == found }

func newMarker(directory, address string) marker {
	return marker{directory, fmt.Sprintf("%x", sha256.Sum256([]byte(address)))}
}

func (m marker) path() string { return filepath.Join(m.directory, m.name) }

func (m marker) read() (mark, error) {
	content, err := os.ReadFile(m.path())
	if errors.Is(err, fs.ErrNotExist) {
		return mark{}, nil
	}
	var now mark
	if err == nil {
		err = json.Unmarshal(content, &now)
	}
	if err != nil {
		return mark{}, fmt.Errorf("cannot read the command's marker %s: %w", m.path(), err)
	}
	return now, nil
}

// write is durable when it returns.
func (m marker) write(now mark) error {
	content, err := json.Marshal(now)
	if err == nil {
		err = m.inside(func(root *os.Root) error { return replaceFile(root, m.name, content) })
	}
	if err != nil {
		return fmt.Errorf("cannot write the command's marker %s: %w", m.path(), err)
	}
	return nil
}

// remove is durable when it returns; without a marker it does nothing.
func (m marker) remove() error {
	if _, err := os.Lstat(m.path()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := m.inside(func(root *os.Root) error {
		return errors.Join(root.Remove(m.name), syncDir(root, "."))
	})
	if err != nil {
		return fmt.Errorf("cannot remove the command's marker %s: %w", m.path(), err)
	}
	return nil
}

func (m marker) inside(do func(root *os.Root) error) error {
	if err := os.MkdirAll(m.directory, 0o700); err != nil {
		return err
	}
	return place{base: m.directory}.inside(do)
}
