package agent

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/planner/lockfile"
)

// maxLock bounds the size of a lock file, in bytes.
const maxLock = 256 << 10

// relock says what is to be locked from now on. With q.Locked that it is something else than what the lock file says is an
// error.
func (w *written) relock(q PlanRequest) hcl.Diagnostics {
	w.locked = lockfile.Of(w.input.Lock, func(origin string) bool { return w.local[origin] != nil }, w.source.Release)
	for _, c := range w.input.Stack.Components {
		if pin := w.local[c.Source].Pin(); pin != "" {
			w.locked.Sources[c.Source] = pin
		}
	}
	if !slices.Contains(q.Upgrade, "*") { // until it is known what the stack wants of them
		w.locked.OSPackages = w.before.WithoutAll(q.Upgrade).OSPackages
	}
	return w.unchanged(q)
}

// unchanged demands with q.Locked that the lock file says what is locked.
func (w *written) unchanged(q PlanRequest) hcl.Diagnostics {
	if !q.Locked {
		return nil
	}
	_, there := w.sources[lockfile.Name]
	changes := w.before.Changes(w.locked)
	if len(changes) == 0 {
		return nil
	}
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "The lock file would change",
		Detail: fmt.Sprintf("With -locked everything has to be as it is locked, and this would change: %s. Run recipe lock, and commit the file.", strings.Join(changes, ", "))}
	if there {
		d.Subject = &hcl.Range{Filename: lockfile.Name, Start: hcl.InitialPos, End: hcl.InitialPos}
	}
	return hcl.Diagnostics{d}
}

// toLock is the text of the lock file that belongs to the plan; "" if there is none to write. A stack that has everything from
// the box and from the user's directories gets one by recipe lock alone.
func (w *written) toLock() string {
	before, there := w.sources[lockfile.Name]
	text := w.locked.Format()
	if !there && !w.locked.Remote() || bytes.Equal(before, text) {
		return ""
	}
	return string(text)
}

// readLock reads the lock file beside a stack, as it is and without what is to be upgraded. Without a file nothing is locked.
// With all to be upgraded what is wrong with it does not matter.
func readLock(directory string, upgrade []string, sources map[string][]byte) (before, locked *lockfile.File, diags hcl.Diagnostics) {
	text, err := readLockText(filepath.Join(directory, lockfile.Name))
	all := slices.Contains(upgrade, "*")
	if err != nil && !all {
		diags = hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Cannot read the lock file", Detail: err.Error() + "."}}
	}
	if text == nil {
		return &lockfile.File{}, &lockfile.File{}, diags
	}
	sources[lockfile.Name] = text
	before, diags = lockfile.Parse(text, lockfile.Name)
	if all {
		return before, &lockfile.File{}, nil
	}
	return before, before.WithoutAll(upgrade), diags
}

// readLockText is nil without an error if there is no file.
func readLockText(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%s is a symbolic link, which somebody else may point elsewhere; put the file itself there", path)
	case !info.Mode().IsRegular() || info.Size() > maxLock:
		return nil, fmt.Errorf("%s is not a file of at most %d bytes", lockfile.Name, maxLock)
	}
	return os.ReadFile(path)
}
