//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nsynapse/recipe/executor/torture"
)

// T13: whatever lies where a stack or a package should be, recipe says so and does not wait for it.
func TestT13StrangeFiles(t *testing.T) {
	link := func(to string) func(path string) error {
		return func(path string) error { return os.Symlink(to, path) }
	}
	fifo := func(path string) error { return syscall.Mkfifo(path, 0o644) }
	directory := func(path string) error { return os.Mkdir(path, 0o755) }
	socket := func(path string) error {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		defer syscall.Close(fd)
		return syscall.Bind(fd, &syscall.SockaddrUnix{Name: path})
	}
	text := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o644) }
	}
	count := 0
	for _, c := range []struct {
		name, path string
		make       func(path string) error
		tells      string // what the message has in it
		fine       bool   // it may be there
	}{
		{"stack is a FIFO", "stack.hcl", fifo, "stack.hcl", false},
		{"stack is a directory", "stack.hcl", directory, "no .hcl file", false},
		{"stack is a device", "stack.hcl", link("/dev/zero"), "stack.hcl", false},
		{"stack is a terminal", "stack.hcl", link("/dev/tty"), "stack.hcl", false},
		{"stack is a socket", "stack.hcl", socket, "stack.hcl", false},
		{"stack is a link to itself", "stack.hcl", link("stack.hcl"), "stack.hcl", false},
		{"stack is empty", "stack.hcl", text(""), "lacks the block", false},
		{"another file is a FIFO", "other.hcl", fifo, "other.hcl", false},
		{"recipe is a FIFO", "web/recipe.hcl", fifo, "recipe.hcl", false},
		{"recipe is a directory", "web/recipe.hcl", directory, "recipe.hcl", false},
		{"recipe is a device", "web/recipe.hcl", link("/dev/zero"), "recipe.hcl", false},
		{"recipe is empty", "web/recipe.hcl", text(""), "recipe.hcl", false},
		{"payload is a FIFO", "web/payload", fifo, "payload", false},
		{"payload is a socket", "web/payload", socket, "payload", false},
		{"payload is a link to a device", "web/payload", link("/dev/zero"), "payload", false},
		{"payload is a link to everything", "web/payload", link("/"), "payload", false},
		{"payload is a link to itself", "web/payload", link("payload"), "payload", false},
		{"payload is a link upwards", "web/payload", link("../.."), "payload", false},
		{"payload is a link within", "web/payload", link("recipe.hcl"), "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.write("stack.hcl", "stack \"s\" {}\napp \"web\" { source = \"./web\" }\n")
			p.write("web/recipe.hcl", "package {\n  name    = \"t/web\"\n  version = \"1.0.0\"\n}\nport \"web\" {}\nprocess \"web\" { command = [\"$APP\"] }\n")
			path := filepath.Join(p.stack, c.path)
			p.must(os.RemoveAll(path))
			p.must(c.make(path))
			cmd := p.command("plan")
			out, err := runBounded(cmd)
			code := cmd.ProcessState.ExitCode()
			count++
			if c.fine != (err == nil) || !c.fine && (code != exitError || !strings.Contains(out, c.tells)) {
				t.Errorf("exit code %d:\n%s", code, out)
			}
		})
	}
	torture.Report(t, "T13", "%d files that are none: each told by its name, nothing hangs", count)
}
