package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/vault"
)

// vaultKey loads the key of all vaults of a home, and makes it for a home without any. A key that is missing beside vaults
// is not made anew: the new one would open none of them, and stand in the way of a copy of the old one.
func vaultKey(fsys disk.FS, home string) (vault.Key, error) {
	path := filepath.Join(home, "vault.key")
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		sealed, err := withVault(home)
		if err != nil {
			return vault.Key{}, err
		}
		if sealed != nil {
			return vault.Key{}, fmt.Errorf("the vault key %s is missing, and the secrets of %s cannot be read without it: put back a copy of it; if there is none, remove %s and apply anew",
				path, strings.Join(sealed, ", "), filepath.Join(home, "stacks"))
		}
	}
	return vault.LoadKey(fsys, path)
}

// withVault lists the stacks of a home that have a vault.
func withVault(home string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(home, "stacks"))
	if err != nil {
		return nil, fmt.Errorf("cannot list the stacks: %w", err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), goneMark) {
			continue // it was being removed
		}
		switch _, err := os.Stat(filepath.Join(home, "stacks", e.Name(), "vault")); {
		case err == nil:
			names = append(names, e.Name())
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("cannot look for the vault of %s: %w", e.Name(), err)
		}
	}
	return names, nil
}
