package agent

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/lockfile"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/builtin/deb"
	"github.com/nsynapse/recipe/providers/builtin/fetch"
)

// debType is the resource type whose packages are locked.
const debType = "deb"

// osLock settles which packages of the operating system the resources of a stack get.
type osLock struct {
	system  deb.System
	sources *deb.Sources
	store   string                 // the directory of the store
	kept    func(deb.Wish) deb.Set // what is installed for a wish already; nil if nothing is
}

// downloadsDir is where packages of the operating system and archives lie before they are unpacked.
func downloadsDir(home string) string { return filepath.Join(home, "store", ".downloads") }

// newOSLock returns the lock of this machine; nil with a reason if packages of this kind are of no use on it. The directory
// for downloads is made.
func newOSLock(home string) (*osLock, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("this is no Linux")
	}
	system, err := deb.ThisSystem()
	if err != nil {
		return nil, err
	}
	fetcher, err := fetch.New(downloadsDir(home), fetch.Options{})
	if err != nil {
		return nil, err
	}
	return &osLock{system: system, sources: deb.NewSources(fetcher, deb.Options{}), store: filepath.Join(home, "store"),
		kept: func(deb.Wish) deb.Set { return nil }}, nil
}

// wishesOf lists what the resources of a stack ask of the operating system, each wish once. Those that depend on something that
// is not known before an apply are not in it.
func wishesOf(g *eval.Graph) (wishes []deb.Wish) {
	pass := g.NewPass(func(string) string { return "" })
	for _, id := range g.Order {
		if g.Nodes[id].Type != debType {
			continue
		}
		v, diags := pass.Wanted(id)
		if diags.HasErrors() {
			continue // the plan tells
		}
		w, ok := deb.WishOf(v)
		if ok && !slices.ContainsFunc(wishes, w.Equal) {
			wishes = append(wishes, w)
		}
	}
	return wishes
}

// settle brings what is locked up to date with the wishes: what nobody asks for is dropped, what is not locked for this system
// yet is taken from what is installed, or else resolved anew. What cannot be resolved stays open, with a warning.
func (l *osLock) settle(ctx context.Context, locked *lockfile.File, wishes []deb.Wish) (diags hcl.Diagnostics) {
	locked.OSPackages = slices.DeleteFunc(slices.Clone(locked.OSPackages), func(o lockfile.OSPackages) bool {
		return !slices.ContainsFunc(wishes, deb.Wish{Packages: o.Asked, Exclude: o.Exclude}.Equal)
	})
	var open []deb.Wish
	for _, w := range wishes {
		if find(locked, l.system, w) != nil {
			continue
		}
		if set := l.kept(w); set != nil {
			locked.OSPackages = append(locked.OSPackages, l.block(w, set))
			continue
		}
		open = append(open, w)
	}
	if len(open) == 0 {
		return nil
	}
	return l.resolve(ctx, locked, open)
}

func (l *osLock) resolve(ctx context.Context, locked *lockfile.File, open []deb.Wish) (diags hcl.Diagnostics) {
	warn := func(w deb.Wish, err error) {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Packages of the operating system are not locked",
			Detail: fmt.Sprintf("What %s is on %s is not known: %v.", strings.Join(w.Packages, " "), l.system, err)})
	}
	offer, _, err := l.sources.Open(ctx)
	if err != nil {
		warn(open[0], err)
		return diags
	}
	defer offer.Close()
	for _, w := range open {
		set, err := offer.Resolve(w)
		if err != nil {
			warn(w, err)
			continue
		}
		locked.OSPackages = append(locked.OSPackages, l.block(w, set))
	}
	return diags
}

// block is what a wish was resolved to, for the lock file.
func (l *osLock) block(w deb.Wish, set deb.Set) lockfile.OSPackages {
	o := lockfile.OSPackages{Asked: w.Packages, Exclude: w.Exclude, System: l.system.Name, Architecture: l.system.Architecture}
	for _, p := range set {
		o.Chosen = append(o.Chosen, lockfile.OSPackage{Name: p.Name, Version: p.Version, Digest: "sha256:" + p.SHA256, Origin: p.Origin})
	}
	return o
}

// find returns what is locked for a wish on a system; nil if nothing is.
func find(locked *lockfile.File, system deb.System, w deb.Wish) *lockfile.OSPackages {
	at := slices.IndexFunc(locked.OSPackages, func(o lockfile.OSPackages) bool {
		return o.System == system.Name && o.Architecture == system.Architecture && w.Equal(deb.Wish{Packages: o.Asked, Exclude: o.Exclude})
	})
	if at < 0 {
		return nil
	}
	return &locked.OSPackages[at]
}

func setOf(o *lockfile.OSPackages) deb.Set {
	set := make(deb.Set, len(o.Chosen))
	for i, p := range o.Chosen {
		set[i] = deb.Package{Name: p.Name, Version: p.Version, SHA256: strings.TrimPrefix(p.Digest, "sha256:"), Origin: p.Origin}
	}
	return set
}

// locate makes sure that what is locked for this system can be installed: it is there already, or the sources of this machine
// offer just these bits.
func (l *osLock) locate(ctx context.Context, locked *lockfile.File) (diags hcl.Diagnostics) {
	for _, o := range l.here(locked) {
		if err := l.sources.Locate(ctx, setOf(o)); err != nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Locked packages cannot be had", Subject: placeOf(o), Detail: sentence(err)})
		}
	}
	return diags
}

// placeOf is where a block stands; nil for one that was not read.
func placeOf(o *lockfile.OSPackages) *hcl.Range {
	if o.Range.Filename == "" {
		return nil
	}
	return &o.Range
}

// sentence is an error as the detail of a diagnostic.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// fill says of a wanted resource what the lock settles of it.
func (l *osLock) fill(locked *lockfile.File) func(typ string, wanted cty.Value) cty.Value {
	return func(typ string, wanted cty.Value) cty.Value {
		if typ != debType {
			return wanted
		}
		if w, ok := deb.WishOf(wanted); ok {
			if o := find(locked, l.system, w); o != nil {
				return setOf(o).Settle(wanted, l.store)
			}
		}
		return wanted
	}
}

// installed returns what is recorded for a wish in a state, as far as it is known of which bits it consists.
func installed(st *state.State, open state.Open, home string) func(deb.Wish) deb.Set {
	return func(w deb.Wish) deb.Set {
		for _, o := range st.Objects {
			if o.Type != debType || o.Tainted {
				continue
			}
			v, err := o.Decode(deb.Schema().Object(), open)
			if err != nil {
				continue // the plan tells
			}
			if known, ok := deb.WishOf(v); ok && known.Equal(w) {
				return deb.Kept(downloadsDir(home), deb.KeyOf(v))
			}
		}
		return nil
	}
}

// lockOS settles the packages of the operating system for a plan, and returns what it settles of resources. A stack that gets
// no lock file has them chosen when they are installed.
func (a *Agent) lockOS(ctx context.Context, w *written, graph *eval.Graph, q PlanRequest) func(string, cty.Value) cty.Value {
	if _, there := w.sources[lockfile.Name]; !there && !w.locked.Remote() {
		return nil
	}
	wishes := wishesOf(graph)
	if len(wishes) == 0 {
		w.locked.OSPackages = nil
		return nil
	}
	l, err := newOSLock(a.Home)
	if err != nil {
		return nil // installing fails, and tells
	}
	l.kept = installed(w.stack.book.Copy(), w.stack.reveal, a.Home)
	w.diags = append(w.diags, l.settle(ctx, w.locked, wishes)...)
	w.diags = append(w.diags, w.unchanged(q)...)
	if !w.diags.HasErrors() {
		w.diags = append(w.diags, l.locate(ctx, w.locked)...)
	}
	return l.fill(w.locked)
}
