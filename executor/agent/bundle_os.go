package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/planner/lockfile"
)

// exportOS puts the packages of the operating system into the directory of a bundle, under their digests like everything in it.
// What cannot be had is told: a bundle without it would be of no use where there is no network. With signed the lock file in the
// bundle will be.
func (w *written) exportOS(ctx context.Context, home, dir string, signed bool) error {
	before := len(w.diags)
	if err := w.lockLoose(ctx, home); err != nil {
		return err
	}
	for _, d := range w.diags[before:] {
		d.Severity = hcl.DiagError
	}
	if err := w.fail(); err != nil || len(w.locked.OSPackages) == 0 {
		return err
	}
	if _, there := w.sources[lockfile.Name]; !there && !signed {
		w.diags = append(w.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Packages of the operating system are not locked",
			Detail: fmt.Sprintf("The other machine takes them from a bundle only if %s beside the stack says which they are. Run recipe lock, and copy the file together with the stack; or sign the bundle with -sign=NAMESPACE, with a key of yours.", lockfile.Name)})
		return errDiagnosed
	}
	l, err := newOSLock(home)
	if err != nil {
		return err
	}
	for _, o := range l.here(w.locked) {
		set := setOf(o)
		paths, err := l.sources.Download(ctx, set)
		if err != nil {
			return err
		}
		for i, path := range paths {
			if err := os.Symlink(path, filepath.Join(dir, set[i].SHA256)); err != nil && !os.IsExist(err) {
				return err
			}
		}
	}
	return nil
}

// here are the blocks for this system.
func (l *osLock) here(locked *lockfile.File) (blocks []*lockfile.OSPackages) {
	for i := range locked.OSPackages {
		if o := &locked.OSPackages[i]; o.System == l.system.Name && o.Architecture == l.system.Architecture {
			blocks = append(blocks, o)
		}
	}
	return blocks
}

// importOS takes over the packages of the operating system that are in a bundle, each by its digest. Unlike packages of
// registries no signature comes with them, so the digests have to be in the lock file that the user has beside the stack, or in one
// that a trusted publisher vouches for, whose packages run whatever they like here anyway: who brings the bundle must not choose what runs.
func (w *written) importOS(ctx context.Context, home string, locked *lockfile.File, dir string, vouched bool) error {
	if len(locked.OSPackages) == 0 {
		return nil
	}
	if _, there := w.sources[lockfile.Name]; !there && !vouched {
		return w.refuseBundle("It has packages of the operating system, which nobody has signed for this bundle: %s has to say which they are. Put the lock file beside the stack, from where you have the stack, or have the bundle signed: recipe bundle -sign=NAMESPACE.", lockfile.Name)
	}
	l, err := newOSLock(home)
	if err != nil {
		return w.refuseBundle("Its packages are for %s, and of no use here: %v.", systemsOf(locked), err)
	}
	blocks := l.here(locked)
	if len(blocks) == 0 {
		return w.refuseBundle("Its packages are for %s, and this is %s. Make a bundle on a machine like this one.", systemsOf(locked), l.system)
	}
	for _, o := range blocks {
		if err := l.sources.Import(ctx, setOf(o), dir); err != nil {
			return w.refuseBundle("%s", sentence(err))
		}
	}
	return nil
}

// systemsOf lists the systems that something is locked for.
func systemsOf(locked *lockfile.File) string {
	var all []string
	for i := range locked.OSPackages {
		all = append(all, locked.OSPackages[i].On())
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}
