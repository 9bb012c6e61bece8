//go:build linux

package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary play every part: under the name recipe it is the CLI, the agent, the shim, the
// router and the bus, each started by the other as in real life. Under its own name it runs the tests.
func TestMain(m *testing.M) {
	testscript.Main(prepared{m}, map[string]func(){"recipe": main})
}

// prepared runs the tests once the app of the scripts is built.
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
	return p.M.Run()
}

// prepare builds the app and opens the way to it, and to recipe itself, for the user that apps run as.
func (p prepared) prepare(dir string) error {
	app := filepath.Join(dir, "app")
	if out, err := exec.Command("go", "build", "-o", app, "./testdata/app").CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build the app of the scripts: %w\n%s", err, out)
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
	return os.Setenv("APP", app)
}
