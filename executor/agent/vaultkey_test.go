package agent

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/executor/disk"
)

// A home without vaults gets a key; one with vaults has to keep its own.
func TestMissingVaultKey(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, "vault.key")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(home, "stacks", ".gone", "vault"), 0o700)) // half removed: it counts for nothing
	must(os.MkdirAll(filepath.Join(home, "stacks", "planned"), 0o700))
	_, err := vaultKey(disk.OS{}, home)
	must(err)
	first, err := os.ReadFile(path)
	must(err)
	must(os.MkdirAll(filepath.Join(home, "stacks", "shop", "vault"), 0o700))
	_, err = vaultKey(disk.OS{}, home)
	must(err)
	must(os.Remove(path))
	_, err = vaultKey(disk.OS{}, home)
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "secrets of shop ") || !strings.Contains(err.Error(), "copy") {
		t.Errorf("a missing key is told as %v", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key was made beside the vault of another one: %v", err)
	}
	must(os.WriteFile(path, first, 0o600))
	_, err = vaultKey(disk.OS{}, home)
	must(err)
}
