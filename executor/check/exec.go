package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/landlock"
)

// Exec succeeds when the command ends with status 0.
type Exec struct {
	Command []string         // program and arguments; a program without a slash is looked for in the PATH of Env
	Env     []string         // "NAME=value"; the whole environment, nothing is inherited
	Dir     string           // working directory
	UID     uint32           // the user to run as; 0 stands for the agent's own
	GID     uint32           // the group that goes with UID
	Sandbox *landlock.Domain // what it may do with files, besides executing its program; nil is everything that its user may
}

const (
	outputLimit = 4 << 10                // bytes of the command's error output that are kept, from its end
	lineLimit   = 200                    // bytes of it that are told
	secretSize  = 6                      // bytes from which on a value of Env is never told
	waitDelay   = 100 * time.Millisecond // how long output may stay open after the command was killed
)

// Run implements Check. A command that is still running at the end of ctx is killed with all its children. The error
// has the last line that the command wrote to its error output, with the values of Env replaced by their names.
func (c Exec) Run(ctx context.Context) error {
	if len(c.Command) == 0 {
		return errors.New("the check has no command")
	}
	program, ok := Program(c.Command[0], c.Env) // the PATH of the agent means nothing here
	if !ok {
		return fmt.Errorf("%s is not in the PATH of the check", c.Command[0])
	}
	var output tail
	cmd := exec.CommandContext(ctx, program, c.Command[1:]...)
	cmd.Args[0] = c.Command[0]
	cmd.Env = append([]string{}, c.Env...) // never nil, which would stand for the agent's environment
	cmd.Dir = c.Dir
	cmd.Stderr = &output
	cmd.WaitDelay = waitDelay
	isolate(cmd, c.UID, c.GID)
	err := c.Sandbox.With(landlock.Program(program, c.Dir)).Run(cmd.Start)
	if err == nil {
		err = cmd.Wait()
	}
	return c.explain(ctx, err, output.lastLine())
}

func (c Exec) explain(ctx context.Context, err error, line string) error {
	if err == nil {
		return nil
	}
	name := filepath.Base(c.Command[0])
	var exit *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("check with %s was cancelled", name)
	case ctx.Err() != nil:
		return fmt.Errorf("%s did not end in time", name)
	case errors.As(err, &exit) && line != "":
		return fmt.Errorf("%s ended with %s: %s", name, exit, c.redact(line))
	case errors.As(err, &exit):
		return fmt.Errorf("%s ended with %s", name, exit)
	}
	return fmt.Errorf("cannot run the check: %w", err)
}

// redact replaces values of the environment, any of which may be a password, by their names.
func (c Exec) redact(line string) string {
	for _, variable := range c.Env {
		if name, value, _ := strings.Cut(variable, "="); len(value) >= secretSize {
			line = strings.ReplaceAll(line, value, "$"+name)
		}
	}
	if len(line) > lineLimit {
		line = strings.ToValidUTF8(line[:lineLimit], "") + "..."
	}
	return line
}

// tail keeps the end of what is written to it.
type tail struct {
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - outputLimit; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

func (t *tail) lastLine() string {
	text := bytes.TrimSpace(t.kept)
	return string(bytes.TrimSpace(text[bytes.LastIndexByte(text, '\n')+1:]))
}
