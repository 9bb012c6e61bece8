package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/landlock"
)

func files(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A RECIPE_HOME in a directory of the system is left out, also behind links, and what is beside it is not.
func TestBeside(t *testing.T) {
	dir := t.TempDir()
	files(t, dir, "opt/tool/run", "opt/srv/page", "opt/srv/recipe/vault.key", "elsewhere/file")
	if err := os.Symlink("opt", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	want := []string{"opt/srv/page", "opt/tool"}
	for _, home := range []string{"opt/srv/recipe", "link/srv/recipe", "opt/srv/recipe/deeper/and/not/there"} {
		var got []string
		for _, r := range beside(filepath.Join(dir, "opt"), filepath.Join(dir, home), landlock.Read) {
			name, _ := filepath.Rel(dir, r.Path)
			got = append(got, name)
		}
		if strings.HasSuffix(home, "there") {
			got = slices.DeleteFunc(got, func(s string) bool { return s == "opt/srv/recipe/vault.key" }) // it is beside that one
		}
		if !slices.Equal(got, want) {
			t.Errorf("beside %s is %v", home, got)
		}
	}
	if rules := beside(filepath.Join(dir, "opt"), filepath.Join(dir, "opt"), landlock.Read); rules != nil {
		t.Errorf("beside itself is %v", rules)
	}
	if rules := beside(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "opt"), landlock.Read); len(rules) != 1 {
		t.Errorf("a directory without the home in it is %v", rules)
	}
}

// shell runs a script in the domain and returns what it printed.
func shell(t *testing.T, d *landlock.Domain, dir, script string) string {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Dir = dir
	var text strings.Builder
	cmd.Stdout = &text
	if err := d.Run(cmd.Start); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // what it printed tells
	return text.String()
}

// The usual sandbox of an instance, with programs of the system in it.
func TestUsual(t *testing.T) {
	if landlock.Version() < landlock.Least {
		t.Skip("the kernel keeps nothing apart")
	}
	home := t.TempDir()
	instance := filepath.Join(home, "stacks/s/instances/web.0")
	files(t, home, "vault.key", "store/p/file", "stacks/s/instances/other.0/data/file", "stacks/s/schedules/a.b/bindings")
	files(t, instance, "data/file", "config/file", "tmp/file", "role")
	outside := t.TempDir()
	files(t, outside, "file", "declared/file")
	policy := New(home)
	at := Place{Instance: instance, Process: filepath.Join(home, "stacks/s/schedules/a.b")}
	usual := policy.Domain(cty.NullVal(Type), at)
	for script, want := range map[string]string{
		"cat data/file config/file tmp/file role":                                               "texttexttexttext",
		"echo new > data/new && mv data/new tmp/new && ln tmp/new config/new && cat config/new": "new\n",
		"mkdir data/sub && rmdir data/sub && mkfifo data/fifo && ln -s x data/link && echo all": "all\n",
		"cat ../../../../store/p/file":                                                          "text",
		"cat ../../schedules/a.b/bindings":                                                      "text",
		"date > /dev/null && head -c 4 /dev/urandom | wc -c":                                    "4\n",
		"sort /etc/passwd | grep -c ^root":                                                      "1\n",
		"cat ../../../../vault.key || echo no":                                                  "no\n",
		"ls ../../../.. || echo no":                                                             "no\n",
		"cat ../other.0/data/file || echo no":                                                   "no\n",
		"(echo x > role) || echo no":                                                            "no\n",
		"(echo x > ../../../../store/p/file) || echo no":                                        "no\n",
		"cat " + outside + "/file || echo no":                                                   "no\n",
		"ls /tmp || echo no":                                                                    "no\n",
		"(echo x > /etc/recipe-test) || echo no":                                                "no\n",
		"readlink /proc/$PPID/exe || echo no":                                                   "no\n",
		"for i in 1 2 3 4; do echo $i & done | sort; wait":                                      "1\n2\n3\n4\n",
		"cat " + outside + "/declared/file || echo no":                                          "no\n",
		"kill -0 $$ && echo self":                                                               "self\n",
		"printf '#!/bin/sh\necho own' > data/p; chmod +x data/p; data/p":                        "own",
	} {
		if got := strings.TrimSuffix(shell(t, usual, instance, script), "\n"); got != strings.TrimSuffix(want, "\n") {
			t.Errorf("%s: %q", script, got)
		}
	}
	declared := policy.Domain(cty.ObjectVal(map[string]cty.Value{"directory": cty.StringVal(instance), "enabled": cty.True,
		"read": cty.ListVal([]cty.Value{cty.StringVal(outside + "/declared")}), "write": cty.ListValEmpty(cty.String)}), at)
	if got := shell(t, declared, instance, "cat "+outside+"/declared/file; (echo x > "+outside+"/declared/file) || echo no"); got != "textno\n" {
		t.Errorf("declared: %q", got)
	}
	if got := shell(t, policy.Domain(cty.NullVal(Type), Place{Instance: instance, Work: outside}), instance, "cat "+outside+"/file"); got != "text" {
		t.Errorf("where it runs: %q", got)
	}
	for _, work := range []string{"/", filepath.Dir(home), home, filepath.Join(home, "stacks/s/instances/other.0/data")} {
		if got := shell(t, policy.Domain(cty.NullVal(Type), Place{Instance: instance, Work: work}), instance, "cat ../other.0/data/file || echo no"); got != "no\n" {
			t.Errorf("running in %s opens another instance: %q", work, got)
		}
	}
}

// No sandbox is wanted, or nobody can say whose it would be.
func TestNone(t *testing.T) {
	policy := New(t.TempDir())
	off := cty.ObjectVal(map[string]cty.Value{"directory": cty.StringVal("/i"), "enabled": cty.False, "read": cty.ListValEmpty(cty.String), "write": cty.ListValEmpty(cty.String)})
	if d := policy.Domain(off, Place{Instance: "/i"}); d != nil {
		t.Errorf("switched off: %v", d)
	}
	if d := policy.Domain(cty.NullVal(Type), Place{Work: "/i"}); d != nil {
		t.Errorf("of no instance: %v", d)
	}
	if d := (*Policy)(nil).Domain(cty.NullVal(Type), Place{Instance: "/i"}); d != nil {
		t.Errorf("no policy: %v", d)
	}
}

// A failure points to the sandbox only if something was refused in one.
func TestHint(t *testing.T) {
	if landlock.Version() < landlock.Least {
		t.Skip("the kernel keeps nothing apart")
	}
	d := &landlock.Domain{}
	if Hint(d, []string{"fine", "open /srv/a: permission denied"}) == "" || Hint(d, []string{"Error: EACCES: permission denied, open '/srv/a'"}) == "" {
		t.Error("no hint")
	}
	if Hint(d, []string{"no such file"}) != "" || Hint(nil, []string{"permission denied"}) != "" {
		t.Error("a hint for nothing")
	}
}

// What it takes to enter the usual sandbox, with a thread for that.
func BenchmarkEnter(b *testing.B) {
	if landlock.Version() < landlock.Least {
		b.Skip("the kernel keeps nothing apart")
	}
	instance := b.TempDir()
	d := New(b.TempDir()).Domain(cty.NullVal(Type), Place{Instance: instance})
	for b.Loop() {
		if err := d.Run(func() error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
