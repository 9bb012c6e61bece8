package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"filippo.io/age"

	"github.com/nsynapse/recipe/executor/disk"
)

// Key opens vaults. It has no way to print itself.
type Key struct {
	identity *age.X25519Identity
}

// Format keeps the key out of every printed text.
func (Key) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, "(vault key)") }

// LoadKey reads the key file at path, or makes one with mode 0600 if there is none. A key that others may read is refused.
// Who can read it can open every vault made with it; who loses it has lost them. Only one process at a time may
// load a key that is not there yet.
func LoadKey(fsys disk.FS, path string) (Key, error) {
	key, err := readKey(fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(fsys, path)
	}
	if err != nil {
		return Key{}, fmt.Errorf("cannot load vault key %s: %w", path, err)
	}
	return key, nil
}

func readKey(fsys disk.FS, path string) (Key, error) {
	f, err := fsys.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return Key{}, err
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return Key{}, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return Key{}, fmt.Errorf("its mode %#o lets others read it: chmod 600 it, and change the secrets if somebody could have", mode)
	}
	text, err := disk.ReadFile(fsys, path)
	if err != nil {
		return Key{}, err
	}
	identity, err := age.ParseX25519Identity(strings.TrimSpace(string(text)))
	if err != nil {
		// The cause is left out: it can quote the key.
		return Key{}, errors.New("the file holds no age key: put back a copy of it")
	}
	// Who made the file may have been killed before its entry was durable; secrets are about to depend on it.
	return Key{identity}, fsys.SyncDir(filepath.Dir(path))
}

func makeKey(fsys disk.FS, path string) (Key, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return Key{}, err
	}
	if err := disk.WriteFile(fsys, path, []byte(identity.String()+"\n"), 0o600); err != nil {
		return Key{}, err
	}
	return Key{identity}, nil
}

// Recipient is who can read what is encrypted to it: who has the key. It is no secret.
func (k Key) Recipient() age.Recipient { return k.identity.Recipient() }

var _ age.Identity = Key{}

// Unwrap implements age.Identity, so that what is encrypted to Recipient can be read without the key being shown.
func (k Key) Unwrap(stanzas []*age.Stanza) ([]byte, error) { return k.identity.Unwrap(stanzas) }
