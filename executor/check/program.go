package check

import (
	"os"
	"path/filepath"
	"strings"
)

// Program finds the file that a command names: a name without a slash in the PATH of env, of which the last counts, as for
// os/exec. Relative directories in it are passed over: they would mean another program in every place. A name with a slash is
// itself. ok is false when there is none.
func Program(name string, env []string) (file string, ok bool) {
	if strings.ContainsRune(name, filepath.Separator) {
		return name, true
	}
	for _, dir := range filepath.SplitList(variable(env, "PATH")) {
		file := filepath.Join(dir, name)
		if !filepath.IsAbs(file) {
			continue
		}
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, true
		}
	}
	return "", false
}

// variable returns the value of a variable; of several the last counts.
func variable(env []string, name string) string {
	var found string
	for _, text := range env {
		if n, v, _ := strings.Cut(text, "="); n == name {
			found = v
		}
	}
	return found
}
