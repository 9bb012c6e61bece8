package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/zclconf/go-cty/cty"
)

// bindingsRoot is the SERVICE_BINDING_ROOT of a process: below it lies one directory per binding with one file per
// attribute, as servicebinding.io (Service Binding Specification for Kubernetes 1.0, "Workload Projection") lays out.
func bindingsRoot(processDir string) string { return filepath.Join(processDir, "bindings") }

// writeBindings writes the binding files of a process anew. Readers see the old or the new ones: every binding is a
// link into ..data, itself a link to one version of all files, which is switched at once, as Kubernetes does it.
// Nothing is synced, since all of it is recorded: what a power cut takes away restoreBindings brings back.
//
//	bindings/..data -> ..1a2b            the version that counts
//	bindings/..1a2b/database/password    0400, owned by the app's user
//	bindings/database -> ..data/database
func writeBindings(processDir string, v cty.Value) error {
	root := bindingsRoot(processDir)
	bindings := elements(v.GetAttr("bindings"))
	if len(bindings) == 0 {
		return os.RemoveAll(root)
	}
	owner := number(v.GetAttr("owner"))
	// The path to the files must be open to the app's user, who sees nothing else there.
	for _, dir := range []string{filepath.Dir(processDir), processDir} {
		if err := makeOpen(dir, 0o711); err != nil {
			return err
		}
	}
	// Libraries find bindings by listing the root.
	if err := makeOpen(root, 0o755); err != nil {
		return err
	}
	version, err := os.MkdirTemp(root, "..")
	if err != nil {
		return err
	}
	for name, entries := range bindings {
		if err := writeBinding(filepath.Join(version, name), elements(entries), owner); err != nil {
			return fmt.Errorf("binding %s: %w", name, err)
		}
	}
	if err := own(version, 0o500, owner); err != nil {
		return err
	}
	if err := link(root, "..data", filepath.Base(version)); err != nil {
		return err
	}
	for name := range bindings {
		if err := link(root, name, filepath.Join("..data", name)); err != nil {
			return err
		}
	}
	return sweep(root, bindings, filepath.Base(version))
}

// restoreBindings writes the binding files anew unless all of them are there as recorded: a power cut leaves empty ones.
func restoreBindings(processDir string, v cty.Value) error {
	root := bindingsRoot(processDir)
	for name, entries := range elements(v.GetAttr("bindings")) {
		for entry, value := range elements(entries) {
			found, err := os.ReadFile(filepath.Join(root, name, entry))
			if err != nil || string(found) != value.AsString() {
				return writeBindings(processDir, v)
			}
		}
	}
	return nil
}

// makeOpen makes a directory of exactly that mode, whatever the umask says.
func makeOpen(dir string, mode fs.FileMode) error {
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	return os.Chmod(dir, mode)
}

func writeBinding(dir string, entries map[string]cty.Value, owner int) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for name, value := range entries {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(value.AsString()), 0o400); err != nil {
			return err
		}
		if owner >= 0 {
			if err := os.Chown(path, owner, owner); err != nil {
				return err
			}
		}
	}
	return own(dir, 0o700, owner)
}

// link makes root/name a link to target, in place of another one.
func link(root, name, target string) error {
	fresh := filepath.Join(root, "..new")
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, fresh); err != nil {
		return err
	}
	return os.Rename(fresh, filepath.Join(root, name))
}

// sweep removes the links of bindings that are no more, and the files of all versions but the one that counts.
func sweep(root string, bindings map[string]cty.Value, version string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, wanted := bindings[e.Name()]; wanted || e.Name() == "..data" || e.Name() == version {
			continue
		}
		if err := os.RemoveAll(filepath.Join(root, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
