// Package scaffold writes the module of a new plugin, as recipe new plugin does: a program with one resource type, cases for
// recipe plugin test, a stack that uses it, and the recipe that it is published by.
package scaffold

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"text/template"

	"github.com/nsynapse/recipe/lang/pattern"
)

// Plugin is what is to be made.
type Plugin struct {
	Name    string // "acme/greeting": the types begin with greeting_
	Module  string // the path of the Go module; "" for example.com/Name
	Version string // of the recipe module that it requires: "v0.1.0"
	Replace string // a directory with the source of recipe to take instead; "" for none
}

// template is the module; each file is a text/template over a Plugin.
//
//go:embed all:template
var files embed.FS

var namePattern = pattern.New(`^[a-z0-9][a-z0-9_-]*/[a-z][a-z0-9_]*$`)

// Prefix is what the names of the resource types begin with.
func (p Plugin) Prefix() string { return path.Base(p.Name) }

// Namespace is whose plugin it is.
func (p Plugin) Namespace() string { return path.Dir(p.Name) }

// Platform is that of this machine, which it is built for.
func (p Plugin) Platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// Write writes the module into dir, which it makes. It overwrites nothing. It returns the names of the files it made.
func (p Plugin) Write(dir string) (made []string, err error) {
	if !namePattern.MatchString(p.Name) {
		return nil, fmt.Errorf("%q is not the name of a plugin: it looks like acme/greeting, in lower case letters, digits and _", p.Name)
	}
	if p.Module == "" {
		p.Module = "example.com/" + p.Name
	}
	root, err := fs.Sub(files, "template")
	if err != nil {
		return nil, fmt.Errorf("internal error: %w", err)
	}
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		to := filepath.FromSlash(strings.TrimSuffix(name, ".tmpl"))
		made = append(made, to)
		return p.write(root, name, filepath.Join(dir, to))
	})
	return made, err
}

func (p Plugin) write(root fs.FS, name, to string) error {
	t, err := template.New(path.Base(name)).Delims("<<", ">>").ParseFS(root, name)
	if err != nil {
		return fmt.Errorf("internal error: %w", err)
	}
	var text bytes.Buffer
	if err := t.Execute(&text, p); err != nil {
		return fmt.Errorf("internal error: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(text.Bytes()); err != nil {
		_ = f.Close() // the first error says more
		return err
	}
	return f.Close()
}
