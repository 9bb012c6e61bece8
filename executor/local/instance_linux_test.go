package local_test

import (
	"context"
	"fmt"
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
