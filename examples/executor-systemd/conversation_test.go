package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// recordTo makes TestConversation speak with the systemd of this machine, and write what was said to that file. `make vm` does so, and
// with RECIPE_VM_RECORD=1 puts it in the place of testdata/conversation.txt.
var recordTo = flag.String("record", "", "speak with systemd, and write that to `file`")

// The executor places, changes, repairs and ends a process. Where there is no systemd it speaks with one that was recorded.
func TestConversation(t *testing.T) {
	k := newTalk(t)
	one, two := k.process("one", "exec sleep 1000000", nil), k.process("two", "exec sleep 1000000", map[string]cty.Value{"memory": cty.StringVal("64MiB"), "pids": cty.NumberIntVal(10), "cpu": cty.NumberFloatVal(0.5)})

	k.step("it is placed")
	k.apply(cty.NilVal, one)
	k.until(func(s *sdk.Status) bool { return s.State == "ready" && s.Ready && s.Restarts == 0 && s.PID > 0 })
	k.step("it is asked for once more")
	k.apply(cty.NilVal, one)

	k.step("it is killed")
	k.kill()
	k.until(func(s *sdk.Status) bool { return s.State == "ready" && s.Restarts == 1 })
	k.step("it is changed")
	k.apply(one, two)

	k.step("it does not start")
	left := k.fails(two, k.process("three", "echo no such table; exit 3", nil), "exit status 3 before it was ready")
	k.step("the one before is brought back")
	k.apply(left, two)
	k.step("it takes too much memory")
	left = k.fails(two, k.process("four", "exec tail /dev/zero", map[string]cty.Value{"memory": cty.StringVal("16MiB")}), "out of memory: its limit is 16 MiB before it was ready")
	k.step("it is taken down")
	k.apply(left, cty.NilVal)
	k.step("somebody else's unit has its name")
	k.foreign(one, true)
	k.fails(cty.NilVal, one, "it is left alone")
	k.foreign(one, false)
}

// A talk is with systemd, or with what was recorded of it.
type talk struct {
	*testing.T
	instance
	live bool
	step func(words string) // tells what the test does next
	dir  string
}

func newTalk(t *testing.T) *talk {
	k := &talk{T: t, live: *recordTo != "", dir: filepath.Join(shortDir(t), "stacks/shop/instances/web")}
	k.instance = instance{newExecutor(nil, !k.live || os.Getuid() == 0)}
	name := nameOf(k.identity(k.process("one", "", nil)))
	names := []string{name, "UNIT", dbus.PathBusEscape(name), "UNIT_OBJECT", k.dir, "DIR", homeOf(k.dir), "HOME"}
	if k.live {
		r := &recorder{socket: socket(), replace: strings.NewReplacer(names...)}
		k.manager, k.step = newManager(r.record(t)), r.step
		t.Cleanup(func() {
			if err := os.WriteFile(*recordTo, []byte(r.said.short().String()), 0o644); err != nil {
				t.Error(err)
			}
		})
	} else {
		text, err := os.ReadFile("testdata/conversation.txt")
		if err != nil {
			t.Fatal(err)
		}
		said, err := parseRecording(string(text))
		if err != nil {
			t.Fatal(err)
		}
		r := &replay{T: t, rest: said, replace: strings.NewReplacer(names...), restore: strings.NewReplacer("UNIT_OBJECT", names[2], "UNIT", names[0], "DIR", names[4], "HOME", names[6])}
		k.manager, k.step = newManager(r.play()), r.step
	}
	t.Cleanup(func() {
		if k.manager.conn != nil {
			k.manager.conn.Close()
		}
	})
	return k
}

// shortDir is a directory whose path is short enough for a socket in it.
func shortDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "unit")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// process is the value of an instance's process that runs a script. Its check passes when the script is sleep.
func (k *talk) process(name, script string, limits map[string]cty.Value) cty.Value {
	types := k.Schema().Types["instance"].Object().AttributeTypes()
	set := map[string]cty.Value{
		"component": cty.StringVal("app.web"), "kind": cty.StringVal("worker"), "main": cty.False, "running": cty.True, "owner": cty.NumberIntVal(-1),
		"directory": cty.StringVal(k.dir), "workdir": cty.StringVal("/"),
		"command": cty.ListVal([]cty.Value{cty.StringVal("/bin/sh"), cty.StringVal("-c"), cty.StringVal(script), cty.StringVal(`$PATH %h "`)}),
		"env":     cty.MapVal(map[string]cty.Value{"NAME": cty.StringVal(name), "PASSWORD": cty.StringVal("hunter2$\"\\`\n'")}),
		"stop":    cty.ObjectVal(map[string]cty.Value{"signal": cty.StringVal("SIGTERM"), "grace": cty.StringVal("5s")}),
	}
	if limits != nil {
		set["limits"] = objectOf(types["limits"], limits)
	}
	if !strings.HasPrefix(script, "exec sleep") {
		set["startup"] = objectOf(types["startup"], map[string]cty.Value{"exec": cty.ListVal([]cty.Value{cty.StringVal("/bin/false")}), "timeout": cty.StringVal("60s")})
	}
	return objectOf(k.Schema().Types["instance"].Object(), set)
}

// objectOf is an object of a type in which everything else is null.
func objectOf(t cty.Type, set map[string]cty.Value) cty.Value {
	all := map[string]cty.Value{}
	for name, ty := range t.AttributeTypes() {
		all[name] = cty.NullVal(ty)
	}
	for name, v := range set {
		all[name] = v
	}
	return cty.ObjectVal(all)
}

func (k *talk) identity(known cty.Value) sdk.Identity {
	return sdk.Identity{Stack: "shop", Address: "app.web[0].process.main", Known: known}
}

func (k *talk) change(before, after cty.Value) (cty.Value, sdk.Diagnostics) {
	for _, v := range []*cty.Value{&before, &after} {
		if *v == cty.NilVal {
			*v = cty.NullVal(k.Schema().Types["instance"].Object())
		}
	}
	return k.Apply(context.Background(), sdk.ApplyRequest{Identity: k.identity(before), Before: before, After: after, Token: "token"})
}

// apply makes a change that has to succeed; systemd has the process then, or not.
func (k *talk) apply(before, after cty.Value) {
	k.Helper()
	v, diags := k.change(before, after)
	if diags.HasErrors() {
		k.Fatal(diags.Err())
	}
	known := after
	if after == cty.NilVal {
		known = before
	}
	if now, diags := k.Read(context.Background(), k.identity(known)); diags.HasErrors() || !now.RawEquals(v) {
		k.Fatalf("%v is, and was said to be %v; %v", now, v, diags.Err())
	}
	if k.live && after != cty.NilVal {
		k.hidden(after)
	}
}

// fails makes a change that has to fail in some words, and returns what is left.
func (k *talk) fails(before, after cty.Value, words string) cty.Value {
	k.Helper()
	left, diags := k.change(before, after)
	if !diags.HasErrors() || !strings.Contains(diags.Err().Error(), words) {
		k.Fatalf("%v, want: %s", diags.Err(), words)
	}
	if k.live && words[0] == 'e' && !strings.Contains(diags.Err().Error(), "no such table") {
		k.Errorf("it is not said what the process wrote: %s", diags.Err())
	}
	return left
}

// until waits until the process is as it should be.
func (k *talk) until(should func(*sdk.Status) bool) (now *sdk.Status) {
	k.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var diags sdk.Diagnostics
		now, diags = k.Status(context.Background(), k.identity(k.process("one", "", nil)))
		if diags.HasErrors() {
			k.Fatal(diags.Err())
		}
		if should(now) {
			return now
		}
	}
	k.Fatalf("it is %+v", now)
	return nil
}

func (k *talk) kill() {
	k.Helper()
	if k.live {
		now := k.until(func(s *sdk.Status) bool { return s.PID > 0 })
		if err := syscall.Kill(now.PID, syscall.SIGKILL); err != nil {
			k.Fatal(err)
		}
	}
}

// hidden looks whether the process has its environment as it is, and everybody else nothing of it.
func (k *talk) hidden(v cty.Value) {
	k.Helper()
	name := nameOf(k.identity(v))
	shown, err := exec.Command("systemctl", k.whose("show", name)...).Output()
	if err != nil || !strings.Contains(string(shown), "NoNewPrivileges=yes") || strings.Contains(string(shown), "hunter2") {
		k.Errorf("systemctl shows: %v\n%s", err, shown)
	}
	p, err := k.manager.status(context.Background(), name)
	if err != nil {
		k.Fatal(err)
	}
	env, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(p.pid), "environ"))
	k.kept(p.pid, "/etc", true)
	k.kept(p.pid, k.dir, true)
	k.kept(p.pid, filepath.Join(homeOf(k.dir), "secret"), !k.hides)
	k.kept(p.pid, "/var/lib/systemd", !k.hides)
	if want := "PASSWORD=" + v.GetAttr("env").AsValueMap()["PASSWORD"].AsString() + "\x00"; err != nil || !strings.Contains(string(env), want) {
		k.Errorf("its environment is %q: %v", env, err)
	}
}

// kept looks whether a process sees a file.
func (k *talk) kept(pid uint32, path string, sees bool) {
	k.Helper()
	if !strings.HasPrefix(path, k.dir) && strings.HasSuffix(path, "secret") {
		if err := os.WriteFile(path, []byte("secret"), 0o644); err != nil {
			k.Fatal(err)
		}
	}
	_, err := os.Stat(fmt.Sprintf("/proc/%d/root%s", pid, path))
	if (err == nil) != sees {
		k.Errorf("that it sees %s is wrong to be %t: %v", path, !sees, err)
	}
}

// foreign has somebody else start a unit of that name, or end it: it still runs then.
func (k *talk) foreign(v cty.Value, start bool) {
	k.Helper()
	name := nameOf(k.identity(v))
	if !k.live {
		return
	}
	c := exec.Command("systemctl", k.whose("stop", name)...)
	if start {
		c = exec.Command("systemd-run", k.whose("--unit="+name, "sleep", "1000000")...)
	} else if err := exec.Command("systemctl", k.whose("is-active", name)...).Run(); err != nil {
		k.Error("it does not run any more")
	}
	if out, err := c.CombinedOutput(); err != nil {
		k.Fatalf("%s: %s", c, out)
	}
}

// whose are arguments for the manager of this user.
func (k *talk) whose(args ...string) []string {
	if os.Getuid() == 0 {
		return args
	}
	return append([]string{"--user"}, args...)
}
