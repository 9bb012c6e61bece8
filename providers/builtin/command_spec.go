package builtin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// commandSpec is a value of the type, checked.
type commandSpec struct {
	command, undo []string
	env           map[string]string
	directory     string
	creates       string // absolute; "" for none
	state         string
	timeout       time.Duration
	user, group   int
	sandbox       cty.Value // null for none
}

func parseCommand(v cty.Value) (commandSpec, error) {
	s := commandSpec{
		command: list(v, "command"), undo: list(v, "undo"), env: table(v, "env"),
		directory: text(v, "directory"), creates: createsPath(v), state: text(v, "state_dir"), sandbox: v.GetAttr("sandbox"),
	}
	var err error
	if s.timeout, err = timeoutOf(text(v, "timeout")); err != nil {
		return s, wrong("timeout", "%w", err)
	}
	switch {
	case len(s.command) == 0 || s.command[0] == "":
		return s, wrong("command", "must name a program")
	case isSet(v, "undo") && (len(s.undo) == 0 || s.undo[0] == ""):
		return s, wrong("undo", "must name a program")
	case !filepath.IsAbs(s.directory):
		return s, wrong("directory", "must be an absolute path")
	case !filepath.IsAbs(s.state):
		return s, wrong("state_dir", "must be an absolute path")
	}
	if err = onceError(text(v, "once_per")); err != nil {
		return s, wrong("once_per", "%w", err)
	}
	if s.user, err = whole(v, "uid", -1, 1<<31-1); err != nil {
		return s, err
	}
	s.group, err = whole(v, "gid", -1, 1<<31-1)
	return s, err
}

func timeoutOf(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("must be a duration such as \"90s\", not %q", text)
	}
	return d, nil
}

func checkTimeout(v cty.Value) error {
	_, err := timeoutOf(v.AsString())
	return err
}

func checkOncePer(v cty.Value) error { return onceError(v.AsString()) }

func onceError(text string) error {
	if !slices.Contains([]string{"instance", "version"}, text) {
		return fmt.Errorf("must be \"instance\" or \"version\", not %q", text)
	}
	return nil
}

// checkVariables looks at the names of a map; its values are any text.
func checkVariables(v cty.Value) error {
	for name := range v.AsValueMap() {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return fmt.Errorf("%q cannot be the name of a variable: it must not be empty and must not hold a =", name)
		}
	}
	return nil
}

// createsPath returns the absolute path of "creates", or "".
func createsPath(v cty.Value) string {
	path := text(v, "creates")
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(text(v, "directory"), path)
}

// createsMissing reports whether the command says what it creates and that is not there.
func createsMissing(v cty.Value) (bool, error) {
	path := createsPath(v)
	if path == "" {
		return false, nil
	}
	_, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	return false, err
}
