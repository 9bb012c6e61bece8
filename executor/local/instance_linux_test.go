package local_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/local"
	"github.com/nsynapse/recipe/executor/port"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/laws"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

// A process of an instance keeps all promises, run by the agent or by an executor at the other end of the protocol.
func TestInstance(t *testing.T) {
	shim := filepath.Join(t.TempDir(), "shim")
	if out, err := exec.Command("go", "build", "-o", shim, "../../cmd/recipe-shim").CombinedOutput(); err != nil {
		t.Fatalf("cannot build the shim: %v\n%s", err, out)
	}
	units := supervisor.New(supervisor.Options{Shim: []string{shim}})
	defer units.Close()
	box := local.New(local.Options{Ports: port.New(6000, 6999, 6000), Units: units, Changed: func(sdk.Identity) {}})
	things := 0
	plugintest.Run(t, sdktest.Suite{Provider: box, Type: "instance", Cases: []sdktest.Case{{Name: "sleeper", New: func(t *testing.T) sdktest.Thing {
		things++
		t.Cleanup(func() { removeAll(t, units) })                                   // laws go on under the same addresses
		dir, mark := shortDir(t), fmt.Sprintf("%d.%d", 100_000+things, os.Getpid()) // seconds to sleep
		set := func(name string) sdktest.Values {
			return sdktest.Values{
				"component": cty.StringVal("app.sleeper"), "kind": cty.StringVal("worker"), "main": cty.False,
				"directory": cty.StringVal(dir), "workdir": cty.StringVal(dir), "owner": cty.NumberIntVal(-1), "running": cty.True,
				"command": cty.ListVal([]cty.Value{cty.StringVal("/bin/sleep"), cty.StringVal(mark)}),
				"env":     cty.MapVal(map[string]cty.Value{"NAME": cty.StringVal(name)}),
				"stop":    cty.ObjectVal(map[string]cty.Value{"signal": cty.StringVal("SIGTERM"), "grace": cty.StringVal("5s")}),
			}
		}
		wrong := set("x")
		wrong["command"] = cty.ListVal([]cty.Value{cty.StringVal(filepath.Join(dir, "no-such-program"))})
		return sdktest.Thing{Create: set("one"), Updates: []sdktest.Values{set("two")}, Wrong: []sdktest.Values{wrong}, Observe: func() any { return sleepers(mark) }}
	}}}})
}

// A process whose creation was cut off by the end of an agent is in no record. The next agent, which undoes that, ends it all the same.
func TestUndoEndsWhatNobodyKnows(t *testing.T) {
	shim := filepath.Join(t.TempDir(), "shim")
	if out, err := exec.Command("go", "build", "-o", shim, "../../cmd/recipe-shim").CombinedOutput(); err != nil {
		t.Fatalf("cannot build the shim: %v\n%s", err, out)
	}
	agent := func() (*supervisor.Supervisor, sdk.Resource) {
		units := supervisor.New(supervisor.Options{Shim: []string{shim}})
		return units, local.New(local.Options{Ports: port.New(6000, 6999, 6000), Units: units, Changed: func(sdk.Identity) {}}).Resource("instance")
	}
	units, instance := agent()
	dir, mark := shortDir(t), fmt.Sprintf("%d.%d", 200_000, os.Getpid())
	attributes := map[string]cty.Value{}
	for name, a := range local.New(local.Options{}).Schema().Types["instance"].Attributes {
		attributes[name] = cty.NullVal(a.Type)
	}
	maps.Copy(attributes, map[string]cty.Value{
		"component": cty.StringVal("app.sleeper"), "kind": cty.StringVal("worker"), "main": cty.False,
		"directory": cty.StringVal(dir), "workdir": cty.StringVal(dir), "owner": cty.NumberIntVal(-1), "running": cty.True,
		"command": cty.ListVal([]cty.Value{cty.StringVal("/bin/sleep"), cty.StringVal(mark)}),
		"env":     cty.MapVal(map[string]cty.Value{"NAME": cty.StringVal("left")}),
		"stop":    cty.ObjectVal(map[string]cty.Value{"signal": cty.StringVal("SIGTERM"), "grace": cty.StringVal("5s")}),
	})
	wanted := cty.ObjectVal(attributes)
	none := cty.NullVal(wanted.Type())
	id := sdk.Identity{Address: "app.sleeper[0].process.worker", Stack: "trial", Known: none}
	if _, diags := instance.Apply(t.Context(), sdk.ApplyRequest{Identity: id, Before: none, After: wanted, Token: "make"}); diags.HasErrors() {
		t.Fatal(diags)
	}
	units.Close()
	if got := sleepers(mark); len(got) != 1 {
		t.Fatalf("%v run", got)
	}
	units, instance = agent()
	defer units.Close()
	if _, diags := instance.Apply(t.Context(), sdk.ApplyRequest{Identity: id, Before: wanted, After: none, Token: "undo", Undo: true}); diags.HasErrors() {
		t.Fatal(diags)
	}
	if got := sleepers(mark); got != nil {
		t.Errorf("%v run", got)
	}
}

// removeAll ends what a law has left running.
func removeAll(t *testing.T, units *supervisor.Supervisor) {
	for n := range laws.Things {
		address := fmt.Sprintf("app.trial[%d].configure.instance.thing", n)
		if err := units.Remove(context.Background(), local.UnitName("trial", address)); err != nil {
			t.Error(err)
		}
	}
}

// shortDir is a directory whose path is short enough for the sockets below it.
func shortDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/tmp", "inst")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// sleepers are the names that the processes with the mark have been given.
func sleepers(mark string) []string {
	var names []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is ours
	for _, line := range lines {
		text, err := os.ReadFile(line)
		if err != nil || string(text) != "/bin/sleep\x00"+mark+"\x00" {
			continue
		}
		env, _ := os.ReadFile(filepath.Join(filepath.Dir(line), "environ")) // it may have ended
		for variable := range strings.SplitSeq(string(env), "\x00") {
			if name, ok := strings.CutPrefix(variable, "NAME="); ok {
				names = append(names, name)
			}
		}
	}
	return names
}
