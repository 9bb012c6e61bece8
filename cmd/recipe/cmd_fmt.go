package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/lang/config/format"
	"github.com/nsynapse/recipe/lang/diag"
)

func fmtCommand() command {
	return command{name: "fmt", group: "Write", args: "[PATH...]", summary: "Lay out .hcl files in the usual way.",
		example: "recipe fmt -check .\nrecipe fmt - < stack.hcl",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			check := flags.Bool("check", false, "change nothing; list the files that are not laid out so and exit with 2")
			return func(_ context.Context, args []string) error {
				if len(args) == 1 && args[0] == "-" {
					return c.formatInput()
				}
				if len(args) == 0 {
					args = []string{"."}
				}
				return c.format(args, *check)
			}
		}}
}

func (c *cli) formatInput() error {
	src, err := io.ReadAll(c.stdin)
	if err != nil {
		return fmt.Errorf("cannot read standard input: %w", err)
	}
	out, diags := format.Format(src, "<stdin>")
	if diags.HasErrors() {
		c.diagnostics(diag.From(diags, map[string][]byte{"<stdin>": src}))
		return exitCode(exitError)
	}
	_, err = c.stdout.Write(out)
	return err
}

func (c *cli) format(paths []string, check bool) error {
	files, err := hclFiles(paths)
	if err != nil {
		return err
	}
	changed := []string{}
	failed := false
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", file, err)
		}
		out, diags := format.Format(src, file)
		if diags.HasErrors() {
			c.diagnostics(diag.From(diags, map[string][]byte{file: src}))
			failed = true
			continue
		}
		if bytes.Equal(src, out) {
			continue
		}
		changed = append(changed, file)
		if !check {
			if err := rewrite(file, out); err != nil {
				return fmt.Errorf("cannot write %s: %w", file, err)
			}
		}
	}
	if c.json {
		c.printJSON(map[string]any{"format_version": "1.0", "changed": changed})
	} else {
		for _, file := range changed {
			fmt.Fprintln(c.stdout, file)
		}
	}
	switch {
	case failed:
		return exitCode(exitError)
	case check && len(changed) > 0:
		return exitCode(exitChanges)
	}
	return nil
}

// rewrite puts new content into a file that keeps its mode; a crash leaves the old or the new one.
func rewrite(file string, content []byte) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return disk.WriteFile(disk.OS{}, file, content, info.Mode().Perm())
}

// hclFiles lists files, and the .hcl files in and below directories but for hidden ones.
func hclFiles(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no %s", path)
		} else if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		err = filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir() && name != path && strings.HasPrefix(e.Name(), "."):
				return filepath.SkipDir
			case !e.IsDir() && strings.HasSuffix(name, ".hcl") && isRegular(name):
				files = append(files, name)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("cannot list %s: %w", path, err)
		}
	}
	return files, nil
}

// isRegular reports whether a path leads to a file that can be read without waiting for anybody.
func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
