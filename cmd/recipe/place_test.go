//go:build linux

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/executor/agent"
)

// place is a RECIPE_HOME with a stack beside it, for tests that are no script. When the test ends all its processes are
// ended, and it fails if some do not end or the race detector of any of them had something to say.
type place struct {
	testing.TB
	home   string   // RECIPE_HOME
	stack  string   // the directory of the stack; commands run in it
	shared string   // a directory that apps may write to
	env    []string // what commands get beside the environment of the test
}

func newPlace(t testing.TB) *place {
	t.Helper()
	base, err := os.MkdirTemp("/tmp", "rt") // short, since sockets lie below it, and open to the user that apps run as
	if err != nil {
		t.Fatal(err)
	}
	p := &place{TB: t, home: filepath.Join(base, "h"), stack: filepath.Join(base, "stack"), shared: filepath.Join(base, "s")}
	n, free := homes.take()
	t.Cleanup(func() {
		defer free()
		left, err := endAll(p.home)
		if err != nil || len(left) > 0 {
			t.Errorf("processes are left: %v %v", left, err)
		}
		if found := races(p.shared); found != "" {
			t.Error(found)
		}
		if err := os.RemoveAll(base); err != nil {
			t.Error(err)
		}
	})
	for _, dir := range []string{p.stack, p.shared} {
		p.must(os.Mkdir(dir, 0o755))
	}
	p.must(openTo(base, p.shared))
	p.env = []string{"RECIPE_HOME=" + p.home, "RECIPE_PORTS=" + portsOf(n), "GORACE=" + raceOptions(p.shared)}
	return p
}

func (p *place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// write makes a file of the stack. $APP and $SHARED in it stand for the program of testdata/app and the shared directory.
func (p *place) write(name, text string) {
	p.Helper()
	name = filepath.Join(p.stack, name)
	p.must(os.MkdirAll(filepath.Dir(name), 0o755))
	p.must(os.WriteFile(name, []byte(strings.NewReplacer("$APP", os.Getenv("APP"), "$SHARED", p.shared).Replace(text)), 0o644))
}

// command is recipe with arguments, in the directory of the stack.
func (p *place) command(args ...string) *exec.Cmd {
	cmd := exec.Command("recipe", args...)
	cmd.Dir = p.stack
	cmd.Env = append(os.Environ(), p.env...)
	return cmd
}

// recipe runs a command and returns all that it prints.
func (p *place) recipe(args ...string) (string, error) {
	out, err := p.command(args...).CombinedOutput()
	return string(out), err
}

// mustRecipe is recipe for a command that has to succeed.
func (p *place) mustRecipe(args ...string) string {
	p.Helper()
	out, err := p.recipe(args...)
	if err != nil {
		p.Fatalf("recipe %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// client talks to the agent of the place, and does not start one.
func (p *place) client() *agent.Client { return agent.Dial(p.home) }

// agentPID is the process of the agent, 0 if none answers.
func (p *place) agentPID() int {
	info, err := p.client().Version(context.Background())
	if err != nil {
		return 0
	}
	return info.PID
}
