package main

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// Units of two homes, stacks and processes do not meet, and the longest names are still names of units.
func TestNames(t *testing.T) {
	long := strings.Repeat("long-", 60)
	seen := map[string]bool{}
	for _, directory := range []string{"/var/lib/recipe/stacks/shop", "/home/ada/" + long} {
		for _, stack := range []string{"shop", "shop-app", long} {
			for _, address := range []string{"app.web[0].process.main", "app.web[0]~b.process.main", "app.web[1].process.main", "app." + long + "[0].process.main"} {
				name := nameOf(sdk.Identity{Stack: stack, Address: address, Known: cty.ObjectVal(map[string]cty.Value{"directory": cty.StringVal(directory)})})
				if seen[name] || len(name) > 255 || !strings.HasPrefix(name, "recipe-") || !strings.HasSuffix(name, ".service") || strings.ContainsAny(name, "[]~ /@%") {
					t.Errorf("%s is the name of %s in the stack %s in %s", name, address, stack, directory)
				}
				seen[name] = true
			}
		}
	}
}

// What systemd would leave out of an environment is refused.
func TestEnvironment(t *testing.T) {
	text, err := environment([]string{"A=", "B=two words", "C=\"$HOME\" `id` \\ '\nnext"})
	if want := "A=\"\"\nB=\"two words\"\nC=\"\\\"\\$HOME\\\" \\`id\\` \\\\ '\nnext\"\n"; err != nil || text != want {
		t.Errorf("%s\n%v, want\n%s", text, err, want)
	}
	for _, wrong := range []string{"A-B=x", "1=x", "=x", "A=\xff"} {
		if _, err := environment([]string{wrong}); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

// Without a manager that is said, with what to do.
func TestNoManager(t *testing.T) {
	k := instance{newExecutor(newManager(shortDir(t)+"/private"), true)}
	_, diags := k.Read(t.Context(), sdk.Identity{Stack: "shop", Address: "app.web[0].process.main", Known: objectOf(k.Schema().Types["instance"].Object(), map[string]cty.Value{"directory": cty.StringVal("/nowhere")})})
	if !diags.HasErrors() || !strings.Contains(diags.Err().Error(), "no manager of systemd answers") {
		t.Errorf("%v", diags.Err())
	}
}

// What was never started, since no manager answered, is ended without one: nobody is left with a process that is not there.
func TestNothingToEnd(t *testing.T) {
	dir := shortDir(t)
	k := &talk{T: t, instance: instance{newExecutor(newManager(dir+"/private"), true)}, dir: dir + "/web"}
	wanted := k.process("one", "exec sleep 1000", nil)
	none, id := cty.NullVal(wanted.Type()), k.identity(wanted)
	left, diags := k.Apply(t.Context(), sdk.ApplyRequest{Identity: id, Before: none, After: wanted, Token: "1"})
	if !diags.HasErrors() || !left.IsNull() {
		t.Errorf("it is started as %#v (%v)", left, diags.Err())
	}
	left, diags = k.Apply(t.Context(), sdk.ApplyRequest{Identity: id, Before: wanted, After: none, Token: "2", Undo: true})
	if diags.HasErrors() || !left.IsNull() {
		t.Errorf("it cannot be ended: %v", diags.Err())
	}
	u, err := k.unit(id)
	if err == nil {
		err = u.write()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, diags = k.Apply(t.Context(), sdk.ApplyRequest{Identity: id, Before: wanted, After: none, Token: "3"}); !diags.HasErrors() {
		t.Error("what was started is taken for ended, though nobody could be asked")
	}
}
