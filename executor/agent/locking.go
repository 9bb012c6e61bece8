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
	before, _ := w.lockBeside(q)
	w.locked.OSPackages = before.OSPackages // until it is known what the stack wants of them
	return w.unchanged(q)
}

// lockBeside is what is locked beside the stack, without what is to be upgraded.
func (w *written) lockBeside(q PlanRequest) (locked *lockfile.File, there bool) {
	text, there := w.sources[lockfile.Name]
	if !there || slices.Contains(q.Upgrade, "*") {
		return &lockfile.File{}, there
	}
	locked, _ = lockfile.Parse(text, lockfile.Name) // which was read without errors
	for _, name := range q.Upgrade {
		locked.Without(name)
	}
	return locked, there
}

// unchanged demands with q.Locked that the lock file says what is locked.
func (w *written) unchanged(q PlanRequest) hcl.Diagnostics {
	if !q.Locked {
		return nil
	}
	text, there := w.sources[lockfile.Name]
	before, _ := lockfile.Parse(text, lockfile.Name) // which was read without errors
	changes := before.Changes(w.locked)
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

// readLock reads the lock file beside a stack; what is to be upgraded is not in the result. Without a file nothing is
// locked.
func readLock(directory string, upgrade []string, sources map[string][]byte) (*lockfile.File, hcl.Diagnostics) {
	if slices.Contains(upgrade, "*") {
		return &lockfile.File{}, nil
	}
	path := filepath.Join(directory, lockfile.Name)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &lockfile.File{}, nil
	}
	var text []byte
	switch {
	case err != nil:
	case info.Mode()&fs.ModeSymlink != 0:
		err = fmt.Errorf("%s is a symbolic link, which somebody else may point elsewhere; put the file itself there", path)
	case !info.Mode().IsRegular() || info.Size() > maxLock:
		err = fmt.Errorf("%s is not a file of at most %d bytes", lockfile.Name, maxLock)
	default:
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return &lockfile.File{}, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Cannot read the lock file", Detail: err.Error() + "."}}
	}
	sources[lockfile.Name] = text
	locked, diags := lockfile.Parse(text, lockfile.Name)
	for _, name := range upgrade {
		locked.Without(name)
	}
	return locked, diags
}
