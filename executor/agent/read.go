package agent

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/lockfile"
	"github.com/nsynapse/recipe/planner/semver"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/registry/library"
)

// written is what the user's files say, resolved.
type written struct {
	directory string
	local     map[string]*library.Package // of the user's own directories and addresses, by origin and by source
	source    *library.Source
	input     eval.Input
	sources   map[string][]byte
	diags     hcl.Diagnostics
	before    *lockfile.File // what lies beside the stack
	locked    *lockfile.File // what was chosen

	plugins []state.Plugin // all that the plan may need; once kept
	stack   *stack         // once kept
	tree    string         // key of the stack's files in the store
}

func (w *written) diagnostics() []diag.Diagnostic { return diag.From(w.diags, w.sources) }

// fail stops with the diagnostics so far if there are errors among them.
func (w *written) fail() error {
	if w.diags.HasErrors() {
		return errDiagnosed
	}
	return nil
}

// load reads the files of the stack at q.Path.
func load(q PlanRequest) (w *written, parsed *config.Stack, err error) {
	w = &written{sources: map[string][]byte{}}
	directory, name := filepath.Split(filepath.Clean(q.Path))
	if info, err := os.Stat(q.Path); err != nil {
		return nil, nil, &Problem{Message: fmt.Sprintf("there is no stack at %s", q.Path), Hint: "Name a stack file or a directory of them.", Kind: "not-found"}
	} else if info.IsDir() {
		directory, name = q.Path, "."
	}
	w.directory = filepath.Clean(directory)
	parsed, w.diags = config.Load(os.DirFS(directory), name)
	maps.Copy(w.sources, parsed.Sources)
	w.diags = append(w.diags, tooOld(q.Recipe, parsed.Requires)...)
	return w, parsed, w.fail()
}

// read loads the stack at q.Path and resolves versions and implementations. With open a variable without a value is
// unknown and no mistake.
func read(ctx context.Context, lib *library.Library, q PlanRequest, open bool) (w *written, err error) {
	w, parsed, err := load(q)
	if err != nil {
		return w, err
	}
	given, diags := givenVariables(parsed, q.Variables)
	w.diags = append(w.diags, diags...)
	if open {
		for name, v := range parsed.Variables {
			if _, ok := given[name]; !ok && v.Default == cty.NilVal {
				given[name] = cty.UnknownVal(v.Type)
			}
		}
	}
	values, diags := eval.Variables(parsed.Variables, given)
	w.diags = append(w.diags, diags...)
	var locked *lockfile.File
	w.before, locked, diags = readLock(w.directory, q.Upgrade, w.sources)
	w.diags = append(w.diags, diags...)
	w.source, diags = lib.With(parsed.Registries, w.directory, locked)
	w.diags = append(w.diags, diags...)
	if q.Fresh {
		w.source.Ask()
	}
	if err := w.fail(); err != nil {
		return w, err
	}
	lock, local, diags := resolve(ctx, w.source, parsed, w.directory, q.Recipe, locked)
	w.diags = append(w.diags, diags...)
	for _, p := range local {
		maps.Copy(w.sources, p.Recipe.Sources)
	}
	w.local = local
	w.input = eval.Input{Stack: parsed, Lock: lock, Variables: values}
	if err := w.fail(); err != nil {
		return w, err
	}
	w.diags = append(w.diags, w.source.Withdrawn(w.before, lock)...)
	w.diags = append(w.diags, w.relock(q)...)
	return w, w.fail()
}

// resolve chooses versions and implementations; local are the packages of the user's own directories, by origin. version is
// that of this recipe.
func resolve(ctx context.Context, source *library.Source, s *config.Stack, directory, version string, locked *lockfile.File) (*solve.Lock, map[string]*library.Package, hcl.Diagnostics) {
	local := map[string]*library.Package{}
	roots, diags := rootsOf(ctx, source.Library, s, directory, locked.Sources, local)
	if diags.HasErrors() {
		return nil, local, diags
	}
	wanted := &solve.Wanted{Roots: roots, Exclude: map[string]hcl.Range{}, Locked: locked.Versions(), Taken: locked.Implementations, Platform: runtime.GOOS + "/" + runtime.GOARCH}
	for _, p := range s.Prefer {
		wanted.Prefer = append(wanted.Prefer, p.Name)
	}
	for _, p := range s.Exclude {
		wanted.Exclude[p.Name] = p.Range
	}
	diags = append(diags, unknownPackages(source, s, local)...)
	addPlugins(wanted, s)
	if ours, err := semver.Parse(version); err == nil { // a build without a version is trusted
		wanted.Recipe = &ours
	}
	lock, more := solve.Solve(ctx, wanted, source)
	if more.HasErrors() && source.Ask() { // what is locked does not fit any more
		lock, more = solve.Solve(ctx, wanted, source)
	}
	return lock, local, append(diags, more...)
}

// addPlugins adds what the stack itself asks for of plugins.
func addPlugins(wanted *solve.Wanted, s *config.Stack) {
	wanted.Given, wanted.Protocol = map[string]bool{}, protocol.Version
	for _, name := range slices.Sorted(maps.Keys(s.Providers)) {
		if p := s.Providers[name]; p.Published() {
			wanted.Uses = append(wanted.Uses, library.Use(p))
		} else {
			wanted.Given[name] = true
		}
	}
	if s.Executor != nil && s.Executor.Published() {
		wanted.Uses = append(wanted.Uses, library.Use(s.Executor))
	}
}

// rootsOf returns what the stack itself asks for. Pins are what addresses stood for before.
func rootsOf(ctx context.Context, lib *library.Library, s *config.Stack, directory string, pins map[string]string, local map[string]*library.Package) ([]solve.Root, hcl.Diagnostics) {
	var roots []solve.Root
	var diags hcl.Diagnostics
	for _, c := range s.Components {
		root := solve.Root{Component: c.Block, Package: c.Package, Range: c.Range, NameRange: c.PackageRange, Binds: map[string]solve.Bind{}}
		if c.Version != nil {
			root.Text, root.Constraint = c.Version.Text, c.Version.Check
		}
		for name, bind := range c.Binds {
			if refs := s.References(bind.To); len(refs) == 1 {
				root.Binds[name] = solve.Bind{To: refs[0].Component.Block(), Range: bind.Range}
			}
		}
		if c.Source != "" {
			p := local[c.Source]
			if p == nil {
				var more hcl.Diagnostics
				p, more = lib.Named(ctx, directory, c.Source, pins[c.Source])
				for _, d := range more {
					if d.Subject == nil {
						d.Subject = c.SourceRange.Ptr()
					}
				}
				diags = append(diags, more...)
			}
			if p == nil {
				continue
			}
			local[c.Source], local[p.Manifest.Origin] = p, p
			root.Manifest = p.Manifest
		}
		roots = append(roots, root)
	}
	return roots, diags
}

// givenVariables reads the values given from outside; later ones win. The text of a file is none of the sources that
// diagnostics show: any line may hold a secret, and a misspelled one does not say so.
func givenVariables(s *config.Stack, list []VariableValue) (map[string]cty.Value, hcl.Diagnostics) {
	given := map[string]cty.Value{}
	var diags hcl.Diagnostics
	unknown := func(name, from string, at *hcl.Range) {
		var known []string
		for n := range s.Variables {
			known = append(known, n)
		}
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Unknown variable", Subject: at,
			Detail: strings.TrimSpace(fmt.Sprintf("%s sets %q, which the stack does not declare. %s", from, name, diag.DidYouMean(name, known)))})
	}
	for _, v := range list {
		if v.Name == "" {
			values, places, more := eval.ParseVariables([]byte(v.Text), v.From)
			diags = append(diags, more...)
			for name, value := range values {
				if s.Variables[name] == nil {
					at := places[name]
					unknown(name, v.From, &at)
					continue
				}
				given[name] = value
			}
			continue
		}
		declared := s.Variables[v.Name]
		if declared == nil {
			if !v.Hint {
				unknown(v.Name, v.From, nil)
			}
			continue
		}
		value, more := eval.ParseVariable(declared, v.Text, v.From)
		diags = append(diags, more...)
		if more.HasErrors() {
			value = cty.UnknownVal(declared.Type) // it was given, and that it is wrong is said
		}
		given[v.Name] = value
	}
	return given, diags
}

// tooOld holds our version against what a stack or recipe asks for. A development version counts as its release.
func tooOld(version string, required *config.Constraint) hcl.Diagnostics {
	if required == nil || version == "" {
		return nil
	}
	ours, err := semver.Parse(version)
	if err != nil {
		return nil // a build without a version is trusted
	}
	if required.Check.Allows(ours.Release()) {
		return nil
	}
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Another recipe is needed", Subject: required.Range.Ptr(),
		Detail: fmt.Sprintf("This asks for recipe %s, and this is recipe %s.", required.Text, version)}}
}
