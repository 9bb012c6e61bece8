package builtin_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
	"github.com/zclconf/go-cty/cty"
)

// folder is a store in one directory.
type folder struct {
	mu    sync.Mutex
	dir   string
	added int
}

func (f *folder) Sound(_ context.Context, key string) (string, error) {
	path := filepath.Join(f.dir, key)
	_, err := os.Stat(path)
	return path, err
}

func (f *folder) Add(_ context.Context, key string, fill func(dir string) error) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path, err := f.Sound(context.Background(), key)
	if err == nil {
		return path, nil
	}
	dir, err := os.MkdirTemp(f.dir, "new-")
	if err != nil {
		return "", err
	}
	if err := fill(dir); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	f.added++
	return path, os.Rename(dir, path)
}

// program writes a module with one main package that prints text.
func program(t *testing.T, text string) string {
	dir := t.TempDir()
	mustWrite(t, filepath.Join(dir, "go.mod"), "module example.com/hello\n\ngo 1.21\n")
	mustWrite(t, filepath.Join(dir, "main.go"), "package main\n\nvar who = \"you\"\n\nfunc main() { println(\""+text+"\", who) }\n")
	return dir
}

func needGo(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no Go toolchain in PATH")
	}
}

func TestGoBuild(t *testing.T) {
	needGo(t)
	store := &folder{dir: t.TempDir()}
	plugintest.Run(t, sdktest.Suite{Provider: builtin.New(builtin.Options{Store: store}), Type: "go_build", Cases: []sdktest.Case{{
		Name: "program", New: func(t *testing.T) sdktest.Thing {
			broken := program(t, "hello")
			mustWrite(t, filepath.Join(broken, "b.go"), "package main\n\nfunc b() { undefined() }\n")
			set := func(source string) sdktest.Values { return sdktest.Values{"source": str(source)} }
			return sdktest.Thing{
				Create:  set(program(t, "hello")),
				Updates: []sdktest.Values{set(program(t, "good bye"))},
				Wrong:   []sdktest.Values{set(broken), set("relative"), set(filepath.Join(broken, "missing")), {"source": str(broken), "package": str("-x")}},
				Damage:  func() { _ = os.RemoveAll(store.dir); _ = os.Mkdir(store.dir, 0o755) },
			}
		},
	}}})
}

func TestGoBuildResult(t *testing.T) {
	needGo(t)
	store := &folder{dir: t.TempDir()}
	o := newOne(t, builtin.Options{Store: store}, "go_build")
	values := sdktest.Values{"source": str(program(t, "hello")), "ldflags": str("-s -w -X main.who=world")}
	var progress []string
	v, diags := o.resource.Apply(t.Context(), sdk.ApplyRequest{Before: o.null(), After: o.object(values),
		Report: sdk.Report{Progress: func(p sdk.Progress) { progress = append(progress, p.Text) }}})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	executable := v.GetAttr("executable").AsString()
	if filepath.Dir(executable) != filepath.Join(v.GetAttr("path").AsString(), "bin") || !strings.HasPrefix(filepath.Base(executable), "hello") {
		t.Errorf("the program is %s", executable)
	}
	if out, err := exec.Command(executable).CombinedOutput(); err != nil || string(out) != "hello world\n" {
		t.Errorf("the program says %q, %v", out, err)
	}
	if len(progress) == 0 || !strings.HasPrefix(progress[0], "building . with go") {
		t.Errorf("progress: %q", progress)
	}
	o.create(values)
	values["source"] = str(program(t, "hello")) // the same source elsewhere
	o.create(values)
	if store.added != 1 {
		t.Errorf("built %d times", store.added)
	}
	values["env"] = cty.MapVal(map[string]cty.Value{"GOFLAGS": str("-tags=other")})
	if other := o.create(values); other.GetAttr("path").RawEquals(v.GetAttr("path")) {
		t.Error("another environment has the same path")
	}
}

func TestGoBuildErrors(t *testing.T) {
	needGo(t)
	store := &folder{dir: t.TempDir()}
	o := newOne(t, builtin.Options{Store: store}, "go_build")
	source := program(t, "hello")
	mustWrite(t, filepath.Join(source, "lib", "lib.go"), "package lib\n")
	mustWrite(t, filepath.Join(source, "bad", "bad.go"), "package main\n\nvar x = undefinedThing\n")
	for pkg, want := range map[string]string{"./lib": "main package", "./bad": "undefinedThing", "./missing": "missing"} {
		if text := o.refuse(sdktest.Values{"source": str(source), "package": str(pkg)}); !strings.Contains(text, want) {
			t.Errorf("package %s: %s", pkg, text)
		}
	}
	if entries, err := os.ReadDir(store.dir); err != nil || len(entries) != 0 {
		t.Errorf("failed builds left %v, %v", entries, err)
	}
	newOne(t, builtin.Options{}, "go_build").refuse(sdktest.Values{"source": str(source)})
}

func TestGoBuildWithoutGo(t *testing.T) {
	o := newOne(t, builtin.Options{Store: &folder{dir: t.TempDir()}, Environ: []string{"PATH=" + t.TempDir()}}, "go_build")
	text := o.refuse(sdktest.Values{"source": str(program(t, "hello"))})
	if !strings.Contains(text, "no Go on this machine") || !strings.Contains(text, "https://go.dev/dl") {
		t.Error(text)
	}
}

// A source that was built keeps its key when only times change, and loses it when content or an executable bit does.
func TestGoBuildKey(t *testing.T) {
	needGo(t)
	o := newOne(t, builtin.Options{Store: &folder{dir: t.TempDir()}}, "go_build")
	source := program(t, "hello")
	script := mustWrite(t, filepath.Join(source, "tool.sh"), "#!/bin/sh\n")
	path := func() string { return o.create(sdktest.Values{"source": str(source)}).GetAttr("path").AsString() }
	first := path()
	mustWrite(t, script, "#!/bin/sh\n")
	if path() != first {
		t.Error("another time makes another path")
	}
	for _, change := range []func() error{
		func() error { return os.Chmod(script, fs.FileMode(0o755)) },
		func() error { return os.WriteFile(script, []byte("#!/bin/sh\n\n"), 0o755) },
		func() error { return os.Symlink("tool.sh", filepath.Join(source, "link")) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		next := path()
		if next == first {
			t.Error("a changed source has the same path")
		}
		first = next
	}
}
