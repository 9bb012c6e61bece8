package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// The files of a unit, in the directory of its process. The environment has secrets, which is why it is a file that only the
// agent's user can read: properties of units can be read by everybody.
const (
	environmentFile = "environment" // 0600
	digestFile      = "unit"        // the digest of the unit that was started last; 0600
	logFile         = "log"         // where recipe logs reads
)

// write puts the files of a unit into the directory of its process; nothing of it runs. What the last process wrote stays in the log.
func (u unit) write() error {
	text, err := environment(u.spec.Env)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(u.spec.Dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the directory of the process: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(u.spec.Dir, logFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot make the log of the process: %w", err)
	}
	return errors.Join(log.Close(),
		os.WriteFile(filepath.Join(u.spec.Dir, environmentFile), []byte(text), 0o600),
		os.WriteFile(filepath.Join(u.spec.Dir, digestFile), []byte(u.digest), 0o600))
}

// noted reports whether it is this unit that was started last.
func (u unit) noted() bool {
	text, err := os.ReadFile(filepath.Join(u.spec.Dir, digestFile))
	return err == nil && string(text) == u.digest
}

// unwritten reports whether the files of a unit are not there: then it was never started, or has been ended.
func (u unit) unwritten() bool {
	_, err := os.Lstat(filepath.Join(u.spec.Dir, digestFile))
	return errors.Is(err, fs.ErrNotExist)
}

// unwrite removes what write has put there but the log.
func (u unit) unwrite() error {
	for _, file := range []string{environmentFile, digestFile} {
		if err := os.Remove(filepath.Join(u.spec.Dir, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove a file of the process: %w", err)
		}
	}
	return nil
}

// environment is the text of an environment file as systemd reads it, see EnvironmentFile= in systemd.exec(5): in double quotes
// only these four characters mean something, and each means itself behind a backslash.
func environment(variables []string) (string, error) {
	var text strings.Builder
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		if err := environable(name, value); err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "%s=\"%s\"\n", name, escapes.Replace(value))
	}
	return text.String(), nil
}

var (
	escapes  = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`)
	variable = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// environable tells what systemd would leave out with a warning that nobody sees.
func environable(name, value string) error {
	switch {
	case !variable.MatchString(name):
		return fmt.Errorf("the environment has the name %q: systemd passes on names of letters, digits and _ alone", name)
	case strings.ToValidUTF8(value, "") != value:
		return fmt.Errorf("the variable %s is not UTF-8, and systemd does not pass it on", name)
	}
	return nil
}
