//go:build unix

package builtin_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
	"github.com/zclconf/go-cty/cty"
)

// shell returns a command with sh, in directory, with its state below it.
func shell(directory, script string, more sdktest.Values) sdktest.Values {
	values := sdktest.Values{"command": strs("sh", "-c", script), "directory": str(directory), "state_dir": str(filepath.Join(directory, "state"))}
	for name, v := range more {
		values[name] = v
	}
	return values
}

func TestCommand(t *testing.T) {
	triggered := func(t *testing.T) sdktest.Thing {
		d := t.TempDir()
		return sdktest.Thing{
			Create: shell(d, "echo one > out", sdktest.Values{"undo": strs("rm", "-f", "out")}),
			Updates: []sdktest.Values{
				shell(d, "echo two > out", sdktest.Values{"undo": strs("sh", "-c", "echo one > out"), "trigger": str("2"), "once_per": str("version")}),
				shell(d, "echo never > out", sdktest.Values{"undo": strs("rm", "-f", "out"), "trigger": str("2"), "once_per": str("version")}),
			},
			Wrong: []sdktest.Values{
				shell(d, "echo half > out; exit 3", sdktest.Values{"undo": strs("rm", "-f", "out")}),
				shell(d, "exit", sdktest.Values{"timeout": str("soon")}),
				shell(d, "exit", sdktest.Values{"command": strs("no-such-program")}),
				shell(d, "exit", sdktest.Values{"once_per": str("week")}),
			},
			Observe: func() any { return content(filepath.Join(d, "out")) },
			Damage:  func() { _ = os.RemoveAll(filepath.Join(d, "state")) },
		}
	}
	creates := func(t *testing.T) sdktest.Thing {
		d := t.TempDir()
		return sdktest.Thing{
			Create:  shell(d, "echo one > out", sdktest.Values{"creates": str("out"), "undo": strs("rm", "-f", "out")}),
			Observe: func() any { return content(filepath.Join(d, "out")) },
			Damage:  func() { _ = os.Remove(filepath.Join(d, "out")) },
		}
	}
	plugintest.Run(t, sdktest.Suite{Provider: builtin.New(builtin.Options{}), Type: "command", Cases: []sdktest.Case{
		{Name: "trigger", New: triggered}, {Name: "creates", New: creates},
	}})
}

// A command that ended is not run again for its token; another token of a creation runs it again.
func TestCommandRunsOncePerToken(t *testing.T) {
	o, d := newOne(t, builtin.Options{}, "command"), t.TempDir()
	wanted := o.object(shell(d, "echo x >> out", nil))
	for _, step := range []struct{ token, want string }{{"a", "x\n"}, {"a", "x\n"}, {"b", "x\nx\n"}} {
		if _, err := o.apply(t.Context(), o.null(), wanted, step.token); err != nil {
			t.Fatal(err)
		}
		if got := content(filepath.Join(d, "out")); got != step.want {
			t.Errorf("after token %s: %q", step.token, got)
		}
	}
}

// What exists already is not made, and the undo of that creation leaves it alone.
func TestCommandFindsItsWorkDone(t *testing.T) {
	o, d := newOne(t, builtin.Options{}, "command"), t.TempDir()
	out := mustWrite(t, filepath.Join(d, "out"), "mine")
	v := o.create(shell(d, "echo theirs > out", sdktest.Values{"creates": str("out"), "undo": strs("rm", "out")}))
	_, diags := o.resource.Apply(t.Context(), sdk.ApplyRequest{
		Identity: sdk.Identity{Address: "app.shop[0].step.it", Known: v}, Before: v, After: o.null(), Token: "undo", Undo: true,
	})
	if err := diags.Err(); err != nil || content(out) != "mine" {
		t.Errorf("undo: %v, out has %q", err, content(out))
	}
}

// One that was refused before it began can be taken back, whatever is wrong with it.
func TestCommandThatNeverBeganIsTakenBack(t *testing.T) {
	for _, wrong := range []sdktest.Values{{"command": cty.ListValEmpty(cty.String)}, {"timeout": str("soon")}} {
		o, d := newOne(t, builtin.Options{}, "command"), t.TempDir()
		v := o.object(shell(d, "exit", wrong))
		if _, err := o.apply(t.Context(), o.null(), v, "1"); err == nil {
			t.Fatal("it is created")
		}
		left, diags := o.resource.Apply(t.Context(), sdk.ApplyRequest{
			Identity: sdk.Identity{Address: "app.shop[0].step.it", Known: v}, Before: v, After: o.null(), Token: "1", Undo: true,
		})
		if err := diags.Err(); err != nil || !left.IsNull() {
			t.Errorf("undo: %v, left is %#v", err, left)
		}
	}
}

// What a command left half made does not count as made.
func TestCommandInterruptedBeforeItsEnd(t *testing.T) {
	o, d := newOne(t, builtin.Options{}, "command"), t.TempDir()
	script := "test -e again && echo whole > out || { echo half > out; touch again; exit 1; }"
	wanted := o.object(shell(d, script, sdktest.Values{"creates": str("out")}))
	if _, err := o.apply(t.Context(), o.null(), wanted, "1"); err == nil {
		t.Fatal("the first attempt succeeds")
	}
	if _, err := o.apply(t.Context(), o.null(), wanted, "1"); err != nil || content(filepath.Join(d, "out")) != "whole\n" {
		t.Errorf("out has %q, %v", content(filepath.Join(d, "out")), err)
	}
}

func TestCommandFailure(t *testing.T) {
	o, d := newOne(t, builtin.Options{}, "command"), t.TempDir()
	text := o.refuse(shell(d, "seq 100; echo oops >&2; exit 7", nil))
	if !strings.Contains(text, "exit status 7") || !strings.Contains(text, "82\n") || strings.Contains(text, "\n81\n") || !strings.HasSuffix(text, "oops") {
		t.Errorf("the error is %s", text)
	}
	if text := o.refuse(shell(d, "true", sdktest.Values{"command": strs("no-such-program")})); !strings.Contains(text, `no program "no-such-program"`) {
		t.Errorf("the error is %s", text)
	}
	if text := o.refuse(shell(d, "kill -9 $$", nil)); !strings.Contains(text, "signal: killed") {
		t.Errorf("the error is %s", text)
	}
}

// The command sees what it was given and little of the agent's environment.
func TestCommandEnvironment(t *testing.T) {
	host := []string{"PATH=" + os.Getenv("PATH"), "HOME=/home/me", "AGENT_TOKEN=secret", "TZ=UTC"}
	o, d := newOne(t, builtin.Options{Environ: host}, "command"), t.TempDir()
	o.create(shell(d, `echo "$HOME $AGENT_TOKEN $TZ $OWN" > out`, sdktest.Values{
		"env": cty.MapVal(map[string]cty.Value{"OWN": str("own"), "TZ": str("CET")}),
	}))
	if got := content(filepath.Join(d, "out")); got != "/home/me  CET own\n" {
		t.Errorf("the command saw %q", got)
	}
}

// A relative program is found in the directory and not in the agent's.
func TestCommandRelativeProgram(t *testing.T) {
	o, d := newOne(t, builtin.Options{}, "command"), t.TempDir()
	script := mustWrite(t, filepath.Join(d, "bin", "it"), "#!/bin/sh\necho it > out\n")
	if err := os.Chmod(script, 0o755); err != nil {
		t.Fatal(err)
	}
	o.create(shell(d, "", sdktest.Values{"command": strs("./bin/it")}))
	if got := content(filepath.Join(d, "out")); got != "it\n" {
		t.Errorf("out has %q", got)
	}
}

func TestCommandUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can run a command as another user")
	}
	o := newOne(t, builtin.Options{}, "command")
	d, err := os.MkdirTemp("/tmp", "command-user")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(d) })
	if err := os.Chmod(d, 0o777); err != nil {
		t.Fatal(err)
	}
	o.create(shell(d, "echo $(id -u):$(id -g) $(id -G) > out", sdktest.Values{"uid": cty.NumberIntVal(65534), "gid": cty.NumberIntVal(65533)}))
	if got := content(filepath.Join(d, "out")); got != "65534:65533 65533\n" {
		t.Errorf("it ran as %q", got)
	}
}

// The whole process group dies with a timeout, with a cancelled apply, and with its leader.
func TestCommandKillsItsGroup(t *testing.T) {
	const spawn = `sleep 600 & echo $! > child; `
	for name, c := range map[string]struct {
		script, timeout string
		cancel, fails   bool
	}{
		"timeout": {spawn + "wait", "3s", false, true},
		"cancel":  {spawn + "wait", "5m", true, true},
		"leader":  {spawn + "exec >/dev/null 2>&1", "5m", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			o, d := newOne(t, builtin.Options{}, "command"), t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.cancel {
				go func() {
					_, _ = childOf(d)
					cancel()
				}()
			}
			left, err := o.apply(ctx, o.null(), o.object(shell(d, c.script, sdktest.Values{"timeout": str(c.timeout)})), "1")
			if (err != nil) != c.fails || left.IsNull() {
				t.Fatalf("left %#v, %v", left, err)
			}
			pid, err := childOf(d)
			if err != nil {
				t.Fatal(err)
			}
			if err := waitFor(func() bool { return !alive(pid) }); err != nil {
				t.Errorf("the child %d lives", pid)
			}
		})
	}
}

// childOf waits for the process that a script started.
func childOf(d string) (int, error) {
	path := filepath.Join(d, "child")
	if err := waitFor(func() bool { return strings.HasSuffix(content(path), "\n") }); err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(content(path)))
}

// alive reports whether a process runs; one that waits to be collected by its parent does not.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat := content(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(stat, ") ")
	return !strings.HasPrefix(state, "Z")
}

// waitFor polls until what holds, for at most a minute.
func waitFor(what func() bool) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !what() {
		select {
		case <-tick.C:
		case <-deadline:
			return errors.New("waited too long")
		}
	}
	return nil
}
