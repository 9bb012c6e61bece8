package builtin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

func goBuildSchema() sdk.TypeSchema {
	return sdk.TypeSchema{
		Description: "A program built from Go source with the Go toolchain of the host, kept in the store and built once for the same source, toolchain and settings.",
		Shared:      true,
		Attributes: map[string]sdk.Attribute{
			"source": {Type: cty.String, Required: true,
				Description: "The directory with the source, inside a Go module. Written relative to the package; the engine makes it absolute."},
			"package": {Type: cty.String, Default: cty.StringVal("."),
				Description: "The main package to build, such as \"./cmd/shop\", relative to source."},
			"env": {Type: cty.Map(cty.String),
				Description: "Environment variables of the build, such as GOOS. CGO_ENABLED is 0 if not set here; of the host's variables the build sees PATH, HOME, those of Go, proxies and certificates."},
			"ldflags": {Type: cty.String,
				Description: "Flags for the linker, such as \"-s -w\"."},
			"path": {Type: cty.String, Computed: true,
				Description: "Absolute path of the directory in the store."},
			"executable": {Type: cty.String, Computed: true,
				Description: "Absolute path of the program, below \"bin\" in path."},
		},
	}
}

// goBuild builds programs.
type goBuild struct {
	store   Store
	environ []string
}

var _ sdk.Resource = goBuild{}

func (g goBuild) Read(ctx context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	none := cty.NullVal(goBuildSchema().Object())
	if id.Known.IsNull() || !isSet(id.Known, "executable") {
		return none, nil
	}
	path, err := g.store.Sound(ctx, filepath.Base(text(id.Known, "path")))
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && path != text(id.Known, "path"):
		return none, nil
	case err != nil:
		return none, sdk.Warningf("Damaged program", "%v; it is built again.", err)
	}
	return id.Known, nil
}

func (g goBuild) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.After.IsNull() {
		return r.After, nil // it is shared; the store is cleaned on its own
	}
	if isSet(r.After, "executable") { // an undo: what was built before is usually still there
		if v, diags := g.Read(ctx, sdk.Identity{Known: r.After}); !v.IsNull() || diags.HasErrors() {
			return v, diags
		}
	}
	v, err := g.build(ctx, r.After, r.Report)
	if err != nil {
		return answer(r.Before, "the Go build failed", err)
	}
	return v, nil
}

// build returns wanted with its computed attributes, and builds only what the store does not have.
func (g goBuild) build(ctx context.Context, wanted cty.Value, report sdk.Report) (cty.Value, error) {
	if g.store == nil {
		return wanted, errors.New("internal error: no store to build into")
	}
	t, err := g.toolchain(ctx, wanted)
	if err != nil {
		return wanted, err
	}
	key, err := t.key(ctx)
	if err != nil {
		return wanted, err
	}
	path, err := g.store.Add(ctx, key, func(dir string) error { return t.build(ctx, dir, report) })
	if err != nil {
		return wanted, err
	}
	executable, err := onlyExecutable(filepath.Join(path, "bin"))
	if err != nil {
		return wanted, err
	}
	return with(with(wanted, "path", cty.StringVal(path)), "executable", cty.StringVal(executable)), nil
}

// toolchain finds Go and settles everything that the result depends on.
func (g goBuild) toolchain(ctx context.Context, wanted cty.Value) (toolchain, error) {
	t := toolchain{source: text(wanted, "source"), pkg: text(wanted, "package"), ldflags: text(wanted, "ldflags")}
	if !filepath.IsAbs(t.source) {
		return t, wrong("source", "must be an absolute path")
	}
	if strings.HasPrefix(t.pkg, "-") || t.pkg == "" {
		return t, wrong("package", "must name a Go package")
	}
	env := map[string]string{"CGO_ENABLED": "0"}
	for name, value := range table(wanted, "env") {
		env[name] = value
	}
	t.own, t.environ = env, environment(g.environ, goKeeps, env)
	var err error
	if t.program, err = lookUp("go", t.source, t.environ); err != nil {
		return t, errors.New("there is no Go on this machine: no program \"go\" in the PATH of the agent. " +
			"Install it from https://go.dev/dl or your distribution, and restart the agent with \"go\" in its PATH")
	}
	return t, t.ask(ctx)
}

// goKeeps lists the host's variables that a build may need: where Go keeps and finds things, and how to get there.
func goKeeps(name string) bool {
	if strings.HasPrefix(name, "GO") || strings.HasPrefix(name, "XDG_") || strings.HasPrefix(name, "SSL_CERT_") {
		return true
	}
	return slices.Contains([]string{"PATH", "HOME", "USER", "TMPDIR", "LANG", "NETRC", "SSH_AUTH_SOCK", "SystemRoot", "LocalAppData", "USERPROFILE"}, name) ||
		slices.Contains([]string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"}, strings.ToUpper(name))
}

// onlyExecutable returns the one file in the directory that a build wrote into.
func onlyExecutable(bin string) (string, error) {
	entries, err := os.ReadDir(bin)
	if err != nil {
		return "", fmt.Errorf("the build made no program: %w", err)
	}
	if len(entries) != 1 {
		return "", wrong("package", "must name one main package; this built %d programs", len(entries))
	}
	return filepath.Join(bin, entries[0].Name()), nil
}
