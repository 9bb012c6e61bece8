package agent

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// lockLoose settles the packages of the operating system without an agent. A stack that cannot be evaluated keeps what is
// locked of them.
func (w *written) lockLoose(ctx context.Context, home string) (err error) {
	if !w.source.Uses(debType, w.input.Lock, w.local) {
		w.locked.OSPackages = nil
		return nil
	}
	l, err := newOSLock(home)
	if err != nil {
		return w.unlocked(err.Error())
	}
	before := len(w.diags)
	work, err := os.MkdirTemp("", "recipe-lock-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := w.loosen(ctx, work); err != nil {
		return w.untold(err)
	}
	graph, _, err := w.evaluate(ctx, home, work)
	if err == nil && w.diags[before:].HasErrors() {
		err = errDiagnosed
	}
	if err != nil {
		w.diags = w.diags[:before]
		return w.untold(err)
	}
	w.diags = append(w.diags, l.settle(ctx, w.locked, wishesOf(graph))...)
	return nil
}

// untold is err, or a warning in place of mistakes that recipe validate tells.
func (w *written) untold(err error) error {
	if !errors.Is(err, errDiagnosed) {
		return err
	}
	w.diags = slices.DeleteFunc(w.diags, func(d *hcl.Diagnostic) bool { return d.Severity == hcl.DiagError })
	return w.unlocked("the stack has mistakes, which recipe validate tells")
}

// unlocked warns that nothing new is locked of the operating system.
func (w *written) unlocked(reason string) error {
	w.diags = append(w.diags, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Packages of the operating system are not locked",
		Detail: "What is locked of them already stays: " + reason + "."})
	return nil
}
