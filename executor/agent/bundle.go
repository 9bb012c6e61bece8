package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/planner/lockfile"
	"github.com/nsynapse/recipe/recipes"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/bundle"
	"github.com/nsynapse/recipe/registry/library"
	"github.com/nsynapse/recipe/registry/oci"
	"github.com/nsynapse/recipe/registry/store"
	"github.com/nsynapse/recipe/registry/trust"
)

// Bundle writes the packages that the stack at q.Path takes from registries, for this platform, those of the operating system
// for this system, and their lock file to a file: no agent, no store, no state. What is locked is taken as it is locked. It
// returns what was chosen. With a signer, nil for none, the lock file is signed, so that it need not be brought beside the bundle.
func Bundle(ctx context.Context, home string, q PlanRequest, by *trust.Signer, to io.Writer) (locked *lockfile.File, diags []diag.Diagnostic, err error) {
	w, err := read(ctx, library.New(recipes.FS, nil, registry.ReaderOf(home)), q, true)
	if err != nil {
		return nil, w.problems(err), w.other(err)
	}
	dir, err := os.MkdirTemp("", "recipe-bundle-*")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := w.source.Export(ctx, w.input.Lock, oci.Blobs(dir)); err != nil {
		return nil, nil, err
	}
	if err := w.exportOS(ctx, home, dir, by != nil); err != nil {
		return nil, w.problems(err), w.other(err)
	}
	lock, seal := w.locked.Format(), bundle.Seal{}
	if by != nil {
		seal.Namespace = by.Namespace()
		if seal.Note, err = by.Sign(bundle.Statement(w.input.Stack.Name, lock)); err == nil {
			seal.Keys, err = by.History.Encode()
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return w.locked, nil, bundle.Write(to, lock, seal, oci.Blobs(dir))
}

// Unbundle takes over the packages in a bundle that Bundle has written for the stack at q.Path, and returns its lock file: once
// that lies beside the stack no registry has to be asked. A lock file that is there already has to agree.
func Unbundle(ctx context.Context, home string, q PlanRequest, from io.Reader) (_ []byte, diags []diag.Diagnostic, err error) {
	w, parsed, err := load(q)
	if err != nil {
		return nil, w.problems(err), w.other(err)
	}
	dir, err := os.MkdirTemp("", "recipe-bundle-*")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	lock, seal, err := bundle.Read(from, oci.Blobs(dir))
	if err != nil {
		return nil, nil, err
	}
	locked, d := w.bundled(lock)
	s, err := store.Open(filepath.Join(home, "store"))
	if err == nil && !d.HasErrors() {
		w.source, d = library.New(recipes.FS, s, registry.ReaderOf(home)).With(parsed.Registries, w.directory, locked)
		d = append(d, w.source.Import(ctx, oci.Blobs(dir))...)
	}
	w.diags = append(w.diags, d...)
	if err == nil && w.fail() == nil {
		var vouched bool
		if vouched, err = w.vouched(ctx, home, parsed.Name, lock, seal); err == nil {
			err = w.importOS(ctx, home, locked, dir, vouched)
		}
	}
	if w.fail() != nil {
		return nil, w.diagnostics(), w.other(err)
	}
	return lock, nil, err
}

// vouched reports whether a trusted publisher has signed the lock file of a bundle for this stack. A signature that is not good is
// refused, also where none is needed.
func (w *written) vouched(ctx context.Context, home, stack string, lock []byte, seal bundle.Seal) (bool, error) {
	if seal.Note == nil {
		return false, nil
	}
	history, err := trust.ParseHistory(seal.Keys)
	var text string
	if err == nil {
		text, _, err = registry.ReaderOf(home).Ring.Verify(ctx, seal.Namespace, seal.Note, history)
	}
	var u *trust.Untrusted
	switch {
	case errors.As(err, &u):
		_, beside := w.sources[lockfile.Name]
		if beside {
			return false, nil // that says what is taken
		}
		return false, w.refuseBundle("Its lock file is signed by %s: %s. %s", seal.Namespace, err, u.WayOut())
	case err != nil:
		return false, w.refuseBundle("Its lock file is signed by %s, and the signature is not good: %s.", seal.Namespace, err)
	case text != bundle.Statement(stack, lock):
		return false, w.refuseBundle("What %s has signed is another lock file, or that of another stack than %s.", seal.Namespace, stack)
	}
	return true, nil
}

// refuseBundle notes why a bundle is not taken.
func (w *written) refuseBundle(format string, args ...any) error {
	w.diags = append(w.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Bundle refused", Detail: fmt.Sprintf(format, args...)})
	return errDiagnosed
}

// bundled reads the lock file of a bundle, which has to agree with the one beside the stack.
func (w *written) bundled(text []byte) (*lockfile.File, hcl.Diagnostics) {
	before, _, diags := readLock(w.directory, nil, w.sources)
	_, there := w.sources[lockfile.Name]
	locked, more := lockfile.Parse(text, "the lock file of the bundle")
	w.sources["the lock file of the bundle"] = text
	diags = append(diags, more...)
	if changes := before.Changes(locked); there && !diags.HasErrors() && len(changes) > 0 {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "The bundle is of another lock file",
			Subject: &hcl.Range{Filename: lockfile.Name, Start: hcl.InitialPos, End: hcl.InitialPos},
			Detail:  fmt.Sprintf("With it this would change: %s. Make a new bundle of the stack as it is here.", strings.Join(changes, ", "))})
	}
	return locked, diags
}

// problems are the diagnostics, if err says that they say it all.
func (w *written) problems(err error) []diag.Diagnostic {
	if w == nil || !errors.Is(err, errDiagnosed) {
		return nil
	}
	return w.diagnostics()
}

// other is err unless the diagnostics say it all.
func (w *written) other(err error) error {
	if w != nil && errors.Is(err, errDiagnosed) {
		return nil
	}
	return err
}
