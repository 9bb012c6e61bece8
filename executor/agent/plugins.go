package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/providers/sdk"
)

// pluginsDir is where the host of a home keeps what it knows of plugins.
func pluginsDir(home string) string { return filepath.Join(home, "plugins") }

// keepPlugins puts the programs into the store, and learns their types. What is wrong with one is said at its place.
func (a *Agent) keepPlugins(ctx context.Context, list []used) ([]state.Plugin, hcl.Diagnostics) {
	var kept []state.Plugin
	var diags hcl.Diagnostics
	for i := range list {
		u := &list[i]
		p := u.recorded()
		dir, err := a.keepPlugin(ctx, u, p)
		if err != nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Cannot keep a plugin", Subject: u.SourceRange.Ptr(), Detail: upper(err.Error()) + "."})
			continue
		}
		if _, d := u.open(ctx, a.plugins, filepath.Join(dir, filepath.FromSlash(p.File)), a.provider); d != nil {
			diags = append(diags, d)
		}
		kept = append(kept, p)
	}
	return kept, diags
}

// keepPlugin puts a program of its own into the store, and returns the directory there. A published one is there with its package.
func (a *Agent) keepPlugin(ctx context.Context, u *used, p state.Plugin) (dir string, err error) {
	if p.Package != "" {
		return a.store.Sound(ctx, p.Package)
	}
	return a.store.Add(ctx, pluginKey(p), func(dir string) error { return copyProgram(u.file, filepath.Join(dir, p.File)) })
}

// pluginKey is the entry of the store that holds the program.
func pluginKey(p state.Plugin) string {
	if p.Package != "" {
		return p.Package
	}
	return "plugin-" + p.Digest
}

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
		opened, err := a.openPlugin(ctx, p)
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

// openPlugin opens a plugin out of the store. A published one is not started for that.
func (a *Agent) openPlugin(ctx context.Context, p state.Plugin) (sdk.Provider, error) {
	dir, err := a.store.Sound(ctx, pluginKey(p))
	if err != nil {
		return nil, fmt.Errorf("the plugin %s cannot be used: %w", p.Name, err)
	}
	file := filepath.Join(dir, filepath.FromSlash(p.File))
	if p.Package == "" {
		return a.plugins.open(ctx, p.Protocol, p.Name, file, p.Digest)
	}
	schema, err := os.ReadFile(filepath.Join(dir, wire.SchemaFile))
	if err != nil {
		return nil, fmt.Errorf("the plugin %s cannot be used: %w", p.Name, err)
	}
	return noneOnError(a.plugins.ours.OpenPublished(p.Name, file, p.Package, schema))
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
		if !p.Executor && !slices.ContainsFunc(wanted, func(w state.Plugin) bool { return config.Prefix(w.Name) == config.Prefix(p.Name) }) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b state.Plugin) int { return strings.Compare(a.Name, b.Name) })
	return all
}
