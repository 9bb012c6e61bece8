package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/lockfile"
	"github.com/nsynapse/recipe/planner/state"
)

// osText is what is locked of packages of the operating system, as a lock file says it; "" if nothing is.
func osText(locked *lockfile.File) string {
	if len(locked.OSPackages) == 0 {
		return ""
	}
	return string((&lockfile.File{OSPackages: locked.OSPackages}).Format())
}

// lockedOf settles the packages of the operating system for a plan from a generation: they are those that were locked then.
// back says that it is gone back to: what cannot be known of them is told, and what cannot be had is an error.
func (a *Agent) lockedOf(ctx context.Context, s *stack, g *state.Generation, graph *eval.Graph, back bool) (func(string, cty.Value) cty.Value, hcl.Diagnostics) {
	wishes := wishesOf(graph)
	if len(wishes) == 0 {
		return nil, nil
	}
	l, err := newOSLock(a.Home)
	if err != nil {
		return nil, nil // installing fails, and tells
	}
	locked, diags := lockfile.Parse([]byte(g.OSPackages), fmt.Sprintf("the lock of generation %d", g.Number))
	if diags.HasErrors() {
		return nil, diags
	}
	for i := range locked.OSPackages {
		locked.OSPackages[i].Range = hcl.Range{} // nobody can look there
	}
	kept := installed(s.book.Copy(), s.reveal, a.Home)
	for _, w := range wishes {
		switch {
		case find(locked, l.system, w) != nil:
		case back:
			now := kept(w)
			if now != nil && slices.Contains(g.Installed, now.Key()) {
				continue // to the bit those of that time
			}
			diags = append(diags, unlockedThen(g, strings.Join(w.Packages, " "), l.system.String(), now != nil))
		}
	}
	for _, o := range l.here(locked) {
		if err := l.sources.Locate(ctx, setOf(o)); err != nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("Packages of generation %d cannot be had", g.Number),
				Detail: fmt.Sprintf("It had them locked, and they are neither kept on this machine nor offered: %s. Bring the files of that time back, lock anew what is gone, and apply them.", err)})
		}
	}
	return l.fill(locked), diags
}

// unlockedThen warns that it is not known which versions a generation had.
func unlockedThen(g *state.Generation, packages, system string, installed bool) *hcl.Diagnostic {
	d := &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Packages of the operating system are not those of that time",
		Detail: fmt.Sprintf("Generation %d had no lock of %s on %s, so nobody knows their versions. ", g.Number, packages, system)}
	if installed {
		d.Detail += "What is installed stays."
	} else {
		d.Detail += "They are chosen from what the package sources offer now."
	}
	return d
}
