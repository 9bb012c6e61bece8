//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/nsynapse/recipe/executor/torture"
)

// TestMain makes the test binary play every part: under the name recipe it is the CLI, the agent, the shim, the
// router and the bus, each started by the other as in real life. Under its own name it runs the tests.
func TestMain(m *testing.M) {
	if kind := os.Getenv("T3_WRITE"); kind != "" {
		log.Fatal(t3Write(kind, os.Args[1:]))
	}
	testscript.Main(prepared{m}, map[string]func(){"recipe": main})
}

// prepared runs the tests once the programs of the scripts are built.
type prepared struct{ *testing.M }

func (p prepared) Run() int {
	dir, err := os.MkdirTemp("/tmp", "recipe-app")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := p.prepare(dir); err != nil {
		log.Print(err)
		return 1
	}
	if torture.Full() { // its tests wait for processes more than for a processor
		if err := flag.Set("test.parallel", "6"); err != nil {
			log.Print(err)
			return 1
		}
	}
	return p.M.Run()
}

// prepare builds app and plugin and opens the way to them, and to recipe itself, for the user that apps run as.
func (p prepared) prepare(dir string) error {
	if out, err := exec.Command("go", "build", "-o", dir, "./testdata/app", "./testdata/plugin", "./testdata/executor").CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build the programs of the scripts: %w\n%s", err, out)
	}
	program, err := exec.LookPath("recipe")
	if err != nil {
		return err
	}
	for _, d := range []string{dir, filepath.Dir(program), filepath.Dir(filepath.Dir(program))} {
		if err := os.Chmod(d, 0o755); err != nil {
			return err
		}
	}
	// Scripts have no HOME, so that Go has to be told of these.
	out, err := exec.Command("go", "env", "GOENV", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		return fmt.Errorf("cannot ask go for its directories: %w", err)
	}
	values := strings.Split(string(out), "\n")
	return errors.Join(os.Setenv("APP", filepath.Join(dir, "app")), os.Setenv("PLUGIN", filepath.Join(dir, "plugin")), os.Setenv("EXECUTOR", filepath.Join(dir, "executor")),
		os.Setenv("GOENV", values[0]), os.Setenv("GOCACHE", values[1]), os.Setenv("GOMODCACHE", values[2]))
}
