package builtin_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/sandbox"
	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

func TestBackupType(t *testing.T) {
	line := cty.ListVal([]cty.Value{cty.StringVal("/bin/true")})
	plugintest.Run(t, sdktest.Suite{Provider: builtin.New(builtin.Options{}), Type: "backup", Remembered: true, Cases: []sdktest.Case{
		{Name: "noted", New: func(*testing.T) sdktest.Thing {
			return sdktest.Thing{
				Create: sdktest.Values{"command": line, "restore": line, "directory": cty.StringVal("/"), "scratch": cty.StringVal("/tmp")},
			}
		}},
	}})
}

// saved is a value of the type backup with shell scripts for both ways, in a directory of its own.
func saved(t *testing.T, take, restore string) (v cty.Value, scratch string) {
	t.Helper()
	scratch = t.TempDir()
	shell := func(script string) cty.Value {
		return cty.ListVal([]cty.Value{cty.StringVal("/bin/sh"), cty.StringVal("-euc"), cty.StringVal(script)})
	}
	return cty.ObjectVal(map[string]cty.Value{"command": shell(take), "restore": shell(restore), "directory": cty.StringVal("/"),
		"env":     cty.MapVal(map[string]cty.Value{"PATH": cty.StringVal("/usr/bin:/bin"), "PLACE": cty.StringVal(t.TempDir())}),
		"scratch": cty.StringVal(scratch), "timeout": cty.StringVal("1m"), "uid": cty.NumberIntVal(-1), "gid": cty.NumberIntVal(-1),
		"sandbox": cty.NullVal(sandbox.Type)}), scratch
}

func empty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("in %s are left %v (%v)", dir, left, err)
	}
}

func TestBackupComesBack(t *testing.T) {
	v, scratch := saved(t, `mkdir $RECIPE_BACKUP/a; echo one > $RECIPE_BACKUP/a/b; echo two > $RECIPE_BACKUP/c`, `cp -r $RECIPE_BACKUP/. $PLACE`)
	var b bytes.Buffer
	if err := builtin.TakeBackup(context.Background(), v, nil, &b, sdk.Report{}); err != nil {
		t.Fatal(err)
	}
	if err := builtin.RestoreBackup(context.Background(), v, nil, &b, sdk.Report{}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a/b": "one\n", "c": "two\n"} {
		if got, err := os.ReadFile(filepath.Join(v.GetAttr("env").AsValueMap()["PLACE"].AsString(), name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q (%v)", name, got, err)
		}
	}
	empty(t, scratch)
}

func TestBackupThatFailsSaysWhy(t *testing.T) {
	v, scratch := saved(t, `echo the server is down >&2; exit 3`, `test -e $RECIPE_BACKUP/there`)
	err := builtin.TakeBackup(context.Background(), v, nil, &bytes.Buffer{}, sdk.Report{})
	if err == nil || !strings.Contains(err.Error(), "the server is down") {
		t.Errorf("it says %v", err)
	}
	if err := builtin.RestoreBackup(context.Background(), v, nil, strings.NewReader("no archive at all"), sdk.Report{}); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("it says %v", err)
	}
	linked, other := saved(t, `ln -s /etc/passwd $RECIPE_BACKUP/users`, `true`)
	if err := builtin.TakeBackup(context.Background(), linked, nil, &bytes.Buffer{}, sdk.Report{}); err == nil || !strings.Contains(err.Error(), "users is neither") {
		t.Errorf("it says %v", err)
	}
	empty(t, scratch)
	empty(t, other)
}
