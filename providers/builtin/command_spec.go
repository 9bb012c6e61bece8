package builtin

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
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
	switch s.timeout, err = time.ParseDuration(text(v, "timeout")); {
	case err != nil || s.timeout <= 0:
		return s, wrong("timeout", "must be a duration such as \"90s\", not %q", text(v, "timeout"))
	case len(s.command) == 0 || s.command[0] == "":
		return s, wrong("command", "must name a program")
	case isSet(v, "undo") && (len(s.undo) == 0 || s.undo[0] == ""):
		return s, wrong("undo", "must name a program")
	case !filepath.IsAbs(s.directory):
		return s, wrong("directory", "must be an absolute path")
	case !filepath.IsAbs(s.state):
		return s, wrong("state_dir", "must be an absolute path")
	case !slices.Contains([]string{"instance", "version"}, text(v, "once_per")):
		return s, wrong("once_per", "must be \"instance\" or \"version\", not %q", text(v, "once_per"))
	}
	if s.user, err = whole(v, "uid", -1, 1<<31-1); err != nil {
		return s, err
	}
	s.group, err = whole(v, "gid", -1, 1<<31-1)
	return s, err
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
