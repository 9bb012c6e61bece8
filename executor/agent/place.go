package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nsynapse/recipe/executor/disk"
)

// placeFile holds the path by which a home is known to all that it runs, and a sum of it.
const placeFile = "home.path"

// knownPath returns the path of a home as its first agent had it. What is recorded of instances has that path in it, so another path of the
// same directory, as through a symbolic link, would be another place for each of them. A home with stacks that is not there any more was
// moved, or is a copy: its agent would take the directories and processes of the other one for its own, so that is an error. The caller
// holds the lock of the home.
func knownPath(fsys disk.FS, home string) (string, error) {
	path := filepath.Join(home, placeFile)
	content, err := disk.ReadFile(fsys, path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("cannot read where RECIPE_HOME is: %w", err)
	}
	if err == nil {
		text := string(content)
		was := text[:max(strings.LastIndexByte(text, ' '), 0)]
		switch {
		case !filepath.IsAbs(was) || summed(was) != text:
			return "", fmt.Errorf("the file %s is damaged: put back a copy of it, or remove it if RECIPE_HOME was neither moved nor copied", path)
		case was == home || sameDirectory(was, home):
			return was, nil
		}
		stacks, err := os.ReadDir(filepath.Join(home, "stacks"))
		if err != nil {
			return "", fmt.Errorf("cannot list the stacks: %w", err)
		}
		if len(stacks) > 0 {
			return "", fmt.Errorf("RECIPE_HOME %s was moved or copied from %s, and its stacks run there: bring it back to that path, or, if there is nothing any more, make a symbolic link there: ln -s '%[1]s' '%[2]s'", home, was)
		}
	}
	if err := disk.WriteFile(fsys, path, []byte(summed(home)), 0o600); err != nil {
		return "", fmt.Errorf("cannot write where RECIPE_HOME is: %w", err)
	}
	return home, nil
}

func sameDirectory(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
