package recipe

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/nsynapse/recipe/"

// floors says what each package may import of this module. It reads from the ground up: the statement
//
//	A, B < C, D;
//
// means that C and D may import A and B, and everything that A and B may import; of each other they may not, and
// neither may A and B of them. NONE stands for nothing. Every package has one statement or more. Add one when you add
// a package; one that would have to be turned around is a sign that something lies on the wrong floor.
const floors = `
	# Floor 0: they stand alone.
	NONE < lang/addr, lang/diag, lang/function, lang/pattern, lang/schedule;
	NONE < planner/dag, planner/pubgrub, planner/semver;
	NONE < providers/sdk, providers/builtin/claim, providers/builtin/unpack;
	NONE < recipes;
	NONE < executor/landlock;
	NONE < executor/directory, executor/disk, executor/metrics, executor/otlp, executor/port, executor/systemd, executor/unixsocket, executor/usage;
	executor/landlock < executor/check, executor/sandbox, executor/shim/protocol;
	executor/sandbox < providers/builtin;

	# The frame of the crash programme; only tests import it.
	NONE < executor/torture;

	# Pages; their tests alone import something.
	NONE < docs, executor/systemd/vmtest;

	# Durable files.
	executor/disk < executor/disk/disktest, executor/disk/summed, executor/journal, executor/token;
	executor/disk/summed < executor/roles;
	executor/disk, executor/journal < executor/vault;
	executor/disk, executor/vault < executor/backups;

	executor/disk, providers/builtin/claim < registry/oci, registry/trust;
	registry/oci < registry/ledger;

	# Floor 1: the language as written, the state, the store, and one process.
	lang/addr, lang/diag, lang/function, lang/pattern, lang/schedule, planner/semver < lang/config;
	lang/config < lang/config/format;
	lang/addr, planner/pubgrub, planner/semver < planner/solve;
	lang/pattern, planner/solve < planner/lockfile;
	planner/pubgrub, planner/semver < planner/catalog;
	lang/diag, planner/catalog < planner/index;
	lang/addr, lang/function < planner/state;
	lang/pattern, providers/builtin/claim < registry/store;
	providers/builtin/unpack, registry/store < registry/archive;
	executor/shim/protocol < executor/shim;
	executor/shim/protocol, executor/systemd < executor/cgroup;
	executor/cgroup, executor/landlock, executor/port < executor/doctor;
	executor/disk, executor/shim/protocol < executor/shim/shimmain;
	executor/disk/summed, executor/shim < executor/supervisor;

	providers/sdk < providers/sdk/laws;
	providers/sdk/laws < providers/sdk/sdktest;

	# Providers in programs of their own: the protocol, the side of plugins, and ours.
	NONE < providers/plugin/protocol;
	lang/pattern < providers/plugin/scaffold;
	providers/plugin/protocol, providers/sdk < providers/plugin/wire;
	providers/plugin/wire < providers/plugin, providers/plugin/child;
	providers/plugin/child < providers/plugin/host;
	providers/sdk < providers/sdk/typed;
	providers/plugin, providers/plugin/host, providers/sdk/sdktest < providers/plugin/plugintest;
	lang/config, providers/plugin/host, providers/sdk/laws < providers/plugin/conformance;

	# Providers: one resource type or a family of them each, and the list of all.
	lang/pattern, providers/sdk, providers/builtin/claim < providers/builtin/fetch;
	providers/builtin/fetch, providers/builtin/unpack < providers/builtin/archive, providers/builtin/deb;
	providers/builtin/archive, providers/builtin/deb < providers/builtin;

	# Providers of Terraform, in programs of their own too.
	NONE < providers/terraform/tfplugin6, providers/terraform/terraformtest;
	providers/terraform/tfplugin6 < providers/terraform/tfplugin5;
	providers/plugin/child, providers/terraform/tfplugin5 < providers/terraform;

	# Examples of plugins.
	providers/plugin, providers/sdk/typed < examples/plugin-postgresql;

	# Executors are providers too, also those outside of recipe.
	executor/disk, providers/sdk < executor/bus;
	executor/cgroup, executor/check, executor/sandbox, executor/supervisor, lang/schedule, providers/sdk < executor/local;
	executor/local, executor/port, providers/plugin < examples/executor-systemd;
	NONE < executor/router/upstream;
	executor/router/upstream < executor/router/web;
	NONE < executor/router/certs;
	executor/disk/summed, executor/port, executor/router/certs, executor/router/web, executor/token, executor/unixsocket, providers/sdk < executor/router;

	# Floor 2: what is wanted. It knows no executor, no built-in provider and no disk.
	lang/config, lang/function, planner/dag, planner/solve, planner/state, providers/sdk < lang/eval;
	# A registry for a team. Only the program of its own links the objects.
	registry/ledger < registry/server;
	NONE < registry/server/objects;
	registry/server, registry/server/objects < cmd/recipe-registry;

	# Registries: what is in them, who is trusted, and the two together.
	executor/disk, lang/config, planner/semver, providers/builtin/claim, registry/archive, registry/ledger, registry/trust < registry;
	registry < registry/attest;
	providers/plugin/host, registry < registry/program;
	lang/pattern, registry/oci < registry/bundle;
	providers/builtin/archive < registry/origin;
	lang/eval, planner/lockfile, registry, registry/origin < registry/library;

	# Floor 3: what is to be changed.
	lang/eval < planner/plan;

	# Floor 4: carrying it out.
	executor/journal, executor/otlp, planner/plan < executor/apply;

	# Floor 5: the long-running process, which wires everything.
	executor/apply, executor/backups, executor/bus, executor/directory, executor/local, executor/metrics, executor/roles, executor/router, executor/usage,
	executor/vault, planner/lockfile, providers/builtin, providers/plugin/host, providers/terraform, registry/bundle, registry/library, recipes
	< executor/agent;

	# Floor 6: the programs. The shim's has to stay small.
	executor/agent, executor/doctor, executor/router/certs, executor/shim/shimmain, lang/config/format, planner/index, providers/plugin/conformance,
	providers/plugin/scaffold, registry/attest, registry/program, registry/server < cmd/recipe;
	executor/shim/shimmain < cmd/recipe-shim;
`

// small says what the small parent of every app must not link, by whatever way: it would multiply with the apps.
var small = []string{"encoding/json", "fmt", "net", "net/http", "github.com/nsynapse/recipe/lang/addr"}

// large is what recipe must not link, for the time that its start would take.
var large = []string{"github.com/distribution/distribution/v3/registry/handlers", "net/http/httptest"}

// listed is what go list tells of a package.
type listed struct {
	ImportPath string
	GoFiles    []string
	Imports    []string
}

func TestFloors(t *testing.T) {
	allowed := readFloors(t)
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, p := range list(t, system, "./...") {
			name, ok := strings.CutPrefix(p.ImportPath, module)
			if !ok || len(p.GoFiles) == 0 {
				continue // the module's root, and packages of tests alone
			}
			if allowed[name] == nil {
				t.Errorf("%s stands on no floor: add it to floors", name)
				continue
			}
			for _, other := range inModule(p.Imports) {
				if !allowed[name][other] {
					t.Errorf("%s must not import %s (%s); it may import %s", name, other, system, strings.Join(slices.Sorted(maps.Keys(allowed[name])), ", "))
				}
			}
		}
	}
}

// TestFloorsExist keeps packages that are no more out of the rules.
func TestFloorsExist(t *testing.T) {
	there := map[string]bool{}
	for _, p := range list(t, "linux", "./...") {
		there[strings.TrimPrefix(p.ImportPath, module)] = true
	}
	for name := range readFloors(t) {
		if !there[name] {
			t.Errorf("floors names %s, which is no package", name)
		}
	}
}

func TestShimStaysSmall(t *testing.T) {
	for _, p := range list(t, "linux", "-deps", "./cmd/recipe-shim") {
		if slices.Contains(small, p.ImportPath) {
			t.Errorf("cmd/recipe-shim links %s", p.ImportPath)
		}
	}
}

func TestRecipeStartsFast(t *testing.T) {
	for _, p := range list(t, "linux", "-deps", "./cmd/recipe") {
		if slices.Contains(large, p.ImportPath) {
			t.Errorf("cmd/recipe links %s", p.ImportPath)
		}
	}
}

// readFloors returns, for each package, all that it may import.
func readFloors(t *testing.T) map[string]map[string]bool {
	allowed := map[string]map[string]bool{}
	for statement := range strings.SplitSeq(withoutComments(floors), ";") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		below, above, ok := strings.Cut(statement, "<")
		if !ok || strings.Contains(above, "<") {
			t.Fatalf("floors: not a statement: %q", statement)
		}
		for _, user := range names(above) {
			if allowed[user] == nil {
				allowed[user] = map[string]bool{}
			}
			for _, used := range names(below) {
				if used == "NONE" {
					continue
				}
				if allowed[used] == nil {
					t.Fatalf("floors: %s is used by %s before it has a statement of its own", used, user)
				}
				if allowed[used][user] || used == user {
					t.Fatalf("floors: %s and %s lie above each other", used, user)
				}
				allowed[user][used] = true
				maps.Copy(allowed[user], allowed[used])
			}
		}
	}
	return allowed
}

func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		b.WriteString(line + "\n")
	}
	return b.String()
}

func names(text string) []string {
	var list []string
	for name := range strings.SplitSeq(text, ",") {
		list = append(list, strings.TrimSpace(name))
	}
	return list
}

func inModule(imports []string) []string {
	var list []string
	for _, path := range imports {
		if name, ok := strings.CutPrefix(path, module); ok {
			list = append(list, name)
		}
	}
	return list
}

// list asks go about packages as they are for an operating system.
func list(t *testing.T, system string, args ...string) []listed {
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,GoFiles,Imports"}, args...)...)
	cmd.Env = append(cmd.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
