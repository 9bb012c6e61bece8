package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/plugin/host"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform"
	"github.com/nsynapse/recipe/registry"
)

// used is a plugin that a stack or one of its recipes names, with the place where its program lies.
type used struct {
	*config.Provider
	file     string // absolute; of a published one that nobody starts it is made up
	digest   string // of the program, or of the package of a published one: its key in the store once it is there
	schema   []byte // of a published one
	within   string // of a published one: the path of the program in the package, with slashes
	executor bool   // it runs the instances
}

// chosen is what was chosen for a stack, with the files.
type chosen struct {
	stack     *config.Stack
	directory string // of the stack
	packages  []eval.Package
	lock      *solve.Lock        // of the same packages
	root      func(i int) string // where the files of a package are
}

// users gathers the plugins of a stack.
type users struct {
	chosen
	found map[string]used // by name
	diags hcl.Diagnostics
}

// usedBy lists the plugins of a stack, by name: those that it names itself, and those that its recipes name. An executor comes last.
func usedBy(c chosen) ([]used, hcl.Diagnostics) {
	u := users{chosen: c, found: map[string]used{}}
	for _, name := range slices.Sorted(maps.Keys(c.stack.Providers)) {
		u.add(c.stack.Providers[name], c.ofStack)
	}
	for i := range c.packages {
		if c.packages[i].Recipe == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(c.packages[i].Recipe.Providers)) {
			if c.stack.Providers[name] == nil {
				u.add(c.packages[i].Recipe.Providers[name], func(source string) string { return filepath.Join(c.root(i), filepath.FromSlash(source)) })
			}
		}
	}
	list := slices.SortedFunc(maps.Values(u.found), func(a, b used) int { return strings.Compare(a.Name, b.Name) })
	if c.stack.Executor != nil {
		e, d := c.weigh(c.stack.Executor, c.ofStack)
		if e.executor = true; d != nil {
			return list, append(u.diags, d)
		}
		list = append(list, e)
	}
	return list, u.diags
}

// ofStack is the path of a source as the stack file has it.
func (c *chosen) ofStack(source string) string {
	if file := filepath.FromSlash(source); filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(c.directory, filepath.FromSlash(source))
}

// add adds a plugin, which has to go together with those that are there. file says where a source is.
func (u *users) add(p *config.Provider, file func(source string) string) {
	plugin, d := u.weigh(p, file)
	if d != nil {
		u.diags = append(u.diags, d)
		return
	}
	if first, again := u.found[p.Name]; again && first.digest != plugin.digest {
		u.fail(p, "Two plugins of one name", "%s is another program at %s:%d. Choose one for all: name it in the stack with uses_provider %q.",
			p.Name, first.Range.Filename, first.Range.Start.Line, p.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(u.found)) {
		if other := u.found[name]; name != p.Name && config.Prefix(name) == config.Prefix(p.Name) {
			u.fail(p, "Two plugins for the same types", "The types of both %s and %s (%s:%d) begin with %s_. Use one of them only.",
				p.Name, name, other.Range.Filename, other.Range.Start.Line, config.Prefix(name))
		}
	}
	u.found[p.Name] = plugin
}

func (u *users) fail(p *config.Provider, summary, format string, args ...any) {
	u.diags = append(u.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Subject: p.SourceRange.Ptr(), Detail: fmt.Sprintf(format, args...)})
}

// weigh finds the program of a plugin, and what it is known by.
func (c *chosen) weigh(p *config.Provider, file func(source string) string) (used, *hcl.Diagnostic) {
	u := used{Provider: p}
	switch {
	case p.Published():
		return u, u.unpacked(c)
	case p.Source == "":
		return u, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "No program for a provider", Subject: p.Range.Ptr(),
			Detail: fmt.Sprintf("The package leaves the program of %s to the stack. Name it there: provider %q %q { source = \"./PATH\" }", p.Name, p.Protocol, path.Base(p.Name))}
	}
	u.file = file(p.Source)
	return u, u.weigh()
}

// unpacked finds a published plugin in its package, of which a version was chosen.
func (u *used) unpacked(c *chosen) *hcl.Diagnostic {
	bad := func(format string, args ...any) *hcl.Diagnostic {
		return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Plugin cannot be used", Subject: u.SourceRange.Ptr(), Detail: fmt.Sprintf(format, args...)}
	}
	at := slices.IndexFunc(c.lock.Packages, func(p solve.Package) bool { return p.Name == u.Name })
	if at < 0 || c.packages[at].Recipe == nil {
		return bad("Internal error: no version of %s was chosen.", u.Name)
	}
	locked := c.lock.Packages[at]
	if u.within = c.packages[at].Recipe.Program(registry.Platform()); u.within == "" {
		return bad("%s %s has no program for %s.", u.Name, locked.Version, registry.Platform())
	}
	var err error
	if u.schema, err = c.packages[at].Read(wire.SchemaFile); err != nil {
		return bad("%s %s has no schema: %s.", u.Name, locked.Version, err)
	}
	u.file = filepath.Join(c.root(at), filepath.FromSlash(u.within))
	u.digest = cmp.Or(locked.Digest, locked.Name+"@"+locked.Version)
	return nil
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

// open opens the plugin. One that is not published is started if its types are not known yet. Its program is at file.
func (u *used) open(ctx context.Context, h hosts, file string, box sdk.Provider) (p sdk.Provider, d *hcl.Diagnostic) {
	var err error
	if u.Published() {
		p, err = noneOnError(h.ours.OpenPublished(u.Name, file, u.digest, u.schema))
	} else {
		p, err = h.open(ctx, u.Protocol, u.Name, file, u.digest)
	}
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
	prefix := config.Prefix(u.Name)
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

// recorded is the plugin as the state has it.
func (u *used) recorded() state.Plugin {
	if u.Published() {
		return state.Plugin{Name: u.Name, Package: u.digest, File: u.within, Executor: u.executor}
	}
	return state.Plugin{Name: u.Name, Digest: u.digest, File: filepath.Base(u.file), Protocol: u.Protocol, Executor: u.executor}
}

// upper is text as a sentence begins.
func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
