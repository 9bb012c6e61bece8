package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/plugin/host"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform"
)

// pluginsDir is where the host of a home keeps what it knows of plugins.
func pluginsDir(home string) string { return filepath.Join(home, "plugins") }

// used is a plugin that a stack or one of its recipes names, with the place where its program lies.
type used struct {
	*config.Provider
	file     string // absolute
	digest   string // of the program
	executor bool   // it runs the instances
}

// usedBy lists the plugins of a stack in a directory, by name: those that it names itself, and those that its recipes bring.
// root says where the files of a package are.
func usedBy(s *config.Stack, directory string, packages []eval.Package, root func(i int) string) ([]used, hcl.Diagnostics) {
	found := map[string]used{}
	var diags hcl.Diagnostics
	add := func(p *config.Provider, file string) {
		u := used{Provider: p, file: file}
		if d := u.weigh(); d != nil {
			diags = append(diags, d)
			return
		}
		if first, again := found[p.Name]; again && first.digest != u.digest {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Two plugins of one name", Subject: p.SourceRange.Ptr(),
				Detail: fmt.Sprintf("%s is another program at %s:%d. Choose one for all: name it in the stack with uses_provider %q.",
					p.Name, first.Range.Filename, first.Range.Start.Line, p.Name)})
		}
		for name, other := range found {
			if name != p.Name && typePrefix(name) == typePrefix(p.Name) {
				diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Two plugins for the same types", Subject: p.SourceRange.Ptr(),
					Detail: fmt.Sprintf("The types of both %s and %s (%s:%d) begin with %s_. Use one of them only.",
						p.Name, name, other.Range.Filename, other.Range.Start.Line, typePrefix(name))})
			}
		}
		found[p.Name] = u
	}
	within := func(source string) string {
		if file := filepath.FromSlash(source); filepath.IsAbs(file) {
			return file
		}
		return filepath.Join(directory, filepath.FromSlash(source))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Providers)) {
		add(s.Providers[name], within(s.Providers[name].Source))
	}
	for i := range packages {
		if packages[i].Recipe == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(packages[i].Recipe.Providers)) {
			p := packages[i].Recipe.Providers[name]
			switch {
			case s.Providers[name] != nil:
			case p.Source == "":
				diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "No program for a provider", Subject: p.Range.Ptr(),
					Detail: fmt.Sprintf("The package leaves the program of %s to the stack. Name it there: provider %q %q { source = \"./PATH\" }", name, p.Protocol, path.Base(name))})
			default:
				add(p, filepath.Join(root(i), filepath.FromSlash(p.Source)))
			}
		}
	}
	list := slices.SortedFunc(maps.Values(found), func(a, b used) int { return strings.Compare(a.Name, b.Name) })
	if s.Executor != nil {
		u := used{Provider: s.Executor, file: within(s.Executor.Source), executor: true}
		if d := u.weigh(); d != nil {
			diags = append(diags, d)
		}
		list = append(list, u)
	}
	return list, diags
}

// weigh looks at the program and finds its digest.
func (u *used) weigh() *hcl.Diagnostic {
	bad := func(format string, args ...any) *hcl.Diagnostic {
		return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "No plugin there", Subject: u.SourceRange.Ptr(), Detail: fmt.Sprintf(format, args...)}
	}
	info, err := os.Stat(u.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return bad("There is no program %s. Build or download it first.", u.file)
	case err != nil:
		return bad("Cannot look at the plugin: %s.", err)
	case !info.Mode().IsRegular():
		return bad("%s is no file. Name the program itself.", u.file)
	case info.Mode()&0o111 == 0 && os.PathSeparator == '/':
		return bad("%s cannot be executed. Allow it: chmod +x %s", u.file, u.file)
	}
	if u.digest, err = host.Digest(u.file); err != nil {
		return bad("Cannot read the plugin: %s.", err)
	}
	return nil
}

// open starts the plugin if its types are not known yet. Its program has been put at file meanwhile.
func (u *used) open(ctx context.Context, h hosts, file string, box sdk.Provider) (sdk.Provider, *hcl.Diagnostic) {
	p, err := h.open(ctx, u.Protocol, u.Name, file, u.digest)
	if err == nil {
		err = u.own(p.Schema(), box.Schema())
	}
	if err != nil {
		return nil, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Plugin cannot be used", Subject: u.SourceRange.Ptr(), Detail: upper(err.Error()) + "."}
	}
	return p, nil
}

// own checks that all types have the names that the plugin may give them.
func (u *used) own(types, box sdk.Schema) error {
	if u.executor {
		return runsInstances(types, box)
	}
	prefix := typePrefix(u.Name)
	for _, t := range slices.Sorted(maps.Keys(types.Types)) {
		name := t
		if u.Protocol == config.Terraform {
			name = strings.TrimPrefix(t, terraform.DataPrefix)
		}
		if _, taken := box.Types[t]; taken {
			return fmt.Errorf("it supplies the type %s, which recipe has in the box; its author has to give it another name", t)
		}
		if name != prefix && !strings.HasPrefix(name, prefix+"_") {
			return fmt.Errorf("it supplies the type %s, and the types of a provider called %s begin with %s_; use it by another name", t, u.Name, prefix)
		}
	}
	return nil
}

// typePrefix is what the types of a provider begin with: postgresql for acme/postgresql.
func typePrefix(name string) string {
	return strings.NewReplacer("-", "_", ".", "_").Replace(path.Base(name))
}

// upper is text as a sentence begins.
func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// keepPlugins puts the programs into the store, and learns their types. What is wrong with one is said at its place.
func (a *Agent) keepPlugins(ctx context.Context, list []used) ([]state.Plugin, hcl.Diagnostics) {
	var kept []state.Plugin
	var diags hcl.Diagnostics
	for i := range list {
		u := &list[i]
		p := state.Plugin{Name: u.Name, Digest: u.digest, File: filepath.Base(u.file), Protocol: u.Protocol, Executor: u.executor}
		dir, err := a.store.Add(ctx, pluginKey(p), func(dir string) error { return copyProgram(u.file, filepath.Join(dir, p.File)) })
		if err != nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Cannot keep a plugin", Subject: u.SourceRange.Ptr(), Detail: upper(err.Error()) + "."})
			continue
		}
		if _, d := u.open(ctx, a.plugins, filepath.Join(dir, p.File), a.provider); d != nil {
			diags = append(diags, d)
		}
		kept = append(kept, p)
	}
	return kept, diags
}

// pluginKey is the entry of the store that holds the program.
func pluginKey(p state.Plugin) string { return "plugin-" + p.Digest }

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// withPlugins is the agent's own provider together with the plugins, out of the store.
func (a *Agent) withPlugins(ctx context.Context, plugins []state.Plugin) (sdk.Provider, error) {
	box, all := a.provider, []sdk.Provider{}
	for _, p := range plugins {
		dir, err := a.store.Sound(ctx, pluginKey(p))
		if err != nil {
			return nil, fmt.Errorf("the plugin %s cannot be used: %w", p.Name, err)
		}
		opened, err := a.plugins.open(ctx, p.Protocol, p.Name, filepath.Join(dir, p.File), p.Digest)
		if err != nil {
			return nil, err
		}
		if p.Executor {
			box = executed{box, placed{opened.Resource("instance"), a}}
			continue
		}
		all = append(all, opened)
	}
	if len(all) == 0 {
		return box, nil
	}
	return sdk.Union(append(all, box)...)
}

// adoption is how long plugins of an earlier agent are waited with: the runs that it was at may need them at once.
const adoption = 10 * time.Second

// sweepPlugins ends what an earlier agent has left of plugins and nobody has needed since.
func (a *Agent) sweepPlugins() {
	select {
	case <-time.After(adoption):
	case <-a.running.Done():
	}
	a.plugins.ours.Sweep()
}

// merged are the plugins of a plan: those that are wanted, and those that an earlier one has used, since what they made may
// still be there. A wanted one takes the place of an earlier one for the same types. Nothing is left of an earlier executor.
func merged(wanted, before []state.Plugin) []state.Plugin {
	all := slices.Clone(wanted)
	for _, p := range before {
		if !p.Executor && !slices.ContainsFunc(wanted, func(w state.Plugin) bool { return typePrefix(w.Name) == typePrefix(p.Name) }) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b state.Plugin) int { return strings.Compare(a.Name, b.Name) })
	return all
}
