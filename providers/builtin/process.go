package builtin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/landlock"
	"github.com/nsynapse/recipe/executor/sandbox"
)

const (
	tailLines  = 20      // how much of a failed process's output an error tells
	lineLength = 2 << 10 // bytes of a line that are kept
	pipeWait   = 2 * time.Second
)

// process is a child that runs to its end, in a process group of its own.
type process struct {
	path      string   // absolute
	arguments []string // without the program
	directory string
	environ   []string
	user      int               // -1 for that of the agent
	group     int               // -1 for that of the agent
	sandbox   *landlock.Domain  // nil for none
	line      func(line string) // called for each line of output, from one goroutine; nil drops them
}

// failedProcess is the end of a process that did not succeed. Its text has no arguments and no environment: they may
// hold secrets.
type failedProcess struct {
	what string // "migrate exited with status 1"
	tail []string
	hint string // "" for none
}

func (e failedProcess) Error() string {
	if len(e.tail) == 0 {
		return e.what + "; it printed nothing"
	}
	text := e.what + "; its last lines:\n" + strings.Join(e.tail, "\n")
	if e.hint != "" {
		text += "\n" + e.hint
	}
	return text
}

// run runs the process and waits for it. When ctx ends, or the process does, its whole group is killed: what it
// left running in the background would be supervised by nobody.
func (p process) run(ctx context.Context) error {
	output := &lines{each: p.line}
	cmd := exec.CommandContext(ctx, p.path, p.arguments...)
	cmd.Dir, cmd.Env = p.directory, p.environ
	cmd.Stdout, cmd.Stderr = output, output // one writer, so that there is one goroutine
	cmd.WaitDelay = pipeWait
	if err := isolate(cmd, p.user, p.group); err != nil {
		return err
	}
	cmd.Cancel = func() error { return killGroup(cmd.Process) }
	if err := p.sandbox.With(landlock.Program(p.path, p.directory)).Run(cmd.Start); err != nil {
		return fmt.Errorf("cannot start %s: %w", filepath.Base(p.path), err)
	}
	err := cmd.Wait()
	_ = killGroup(cmd.Process) // usually nothing is left
	output.end()
	switch {
	case ctx.Err() != nil:
		return failedProcess{fmt.Sprintf("%s was stopped: %s", filepath.Base(p.path), context.Cause(ctx)), output.tail, ""}
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return failedProcess{fmt.Sprintf("%s ended with %s", filepath.Base(p.path), exit), output.tail, sandbox.Hint(p.sandbox, output.tail)}
	}
	return fmt.Errorf("cannot wait for %s: %w", filepath.Base(p.path), err)
}

// lines splits what is written into lines and keeps the last ones.
type lines struct {
	each    func(string)
	tail    []string
	current []byte
}

func (l *lines) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		part, after, whole := bytes.Cut(rest, []byte{'\n'})
		l.current = append(l.current, part[:min(len(part), lineLength-len(l.current))]...)
		if whole {
			l.end()
		}
		rest = after
	}
	return len(b), nil
}

// end finishes the current line, if there is one.
func (l *lines) end() {
	line := strings.TrimRight(strings.ToValidUTF8(string(l.current), "?"), "\r")
	l.current = l.current[:0]
	if line == "" {
		return
	}
	if len(l.tail) == tailLines {
		l.tail = slices.Delete(l.tail, 0, 1)
	}
	l.tail = append(l.tail, line)
	if l.each != nil {
		l.each(line)
	}
}

// lookUp finds a program: a name without a slash in the PATH of environ, anything else relative to directory.
func lookUp(name, directory string, environ []string) (string, error) {
	if strings.ContainsRune(filepath.ToSlash(name), '/') {
		if !filepath.IsAbs(name) {
			name = filepath.Join(directory, name)
		}
		return exec.LookPath(name)
	}
	for _, folder := range filepath.SplitList(variable(environ, "PATH")) {
		if !filepath.IsAbs(folder) {
			continue // it would mean another program in every directory
		}
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no program %q in PATH", name)
}

// variable returns the value of a variable in environ; "" if it is not there.
func variable(environ []string, name string) string {
	for _, setting := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(setting, name+"="); ok {
			return value
		}
	}
	return ""
}

// environment is what a child sees: the variables of the host that keep accepts, then own, which win.
func environment(host []string, keep func(name string) bool, own map[string]string) []string {
	var all []string
	for _, setting := range host {
		name, _, _ := strings.Cut(setting, "=")
		if _, replaced := own[name]; !replaced && keep(name) {
			all = append(all, setting)
		}
	}
	for name, value := range own {
		all = append(all, name+"="+value)
	}
	slices.Sort(all)
	return all
}
