//go:build linux

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/nsynapse/recipe/providers/terraform/terraformtest"
)

// terraformBuilt keeps scripts from building providers at the same time.
var terraformBuilt sync.Mutex

// terraform NAME... builds providers of Terraform into bin, each under its name.
func terraformCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: terraform NAME...")
	}
	terraformBuilt.Lock()
	defer terraformBuilt.Unlock()
	module := filepath.Join(ts.Getenv("MODULE"), "providers", "terraform", "realproviders")
	ts.Check(terraformtest.Build(module, ts.MkAbs("bin"), args...))
}

// unseen FILE DIR demands that no line of FILE, in no form, is in any file below DIR.
func unseenCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: unseen FILE DIR")
	}
	c := newCanaries()
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if !strings.HasPrefix(line, "-----") { // the frame of a PEM is no secret
			c.add(strings.TrimSpace(line))
		}
	}
	if len(c.secrets) == 0 {
		ts.Fatalf("%s has no line that could be looked for", args[0])
	}
	ts.Check(filepath.WalkDir(ts.MkAbs(args[1]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if found := c.in(content); found != nil {
			ts.Fatalf("%s has %d of the lines of %s, as %s", path, len(found), args[0], found[0].form)
		}
		return err
	}))
}
