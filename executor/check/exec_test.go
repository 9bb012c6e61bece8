//go:build unix

package check

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func shell(script string, env ...string) Exec {
	return Exec{Command: []string{"sh", "-c", script}, Env: append([]string{"PATH=/usr/bin:/bin"}, env...)}
}

func TestExec(t *testing.T) {
	if err := shell("exit 0").Run(t.Context()); err != nil {
		t.Error(err)
	}
	wantError(t, shell("exit 3").Run(t.Context()), "sh ended with exit status 3")
	wantError(t, shell("echo first >&2; echo not yet >&2; exit 1").Run(t.Context()), "exit status 1: not yet")
	wantError(t, Exec{}.Run(t.Context()), "no command")
	wantError(t, Exec{Command: []string{"sh"}}.Run(t.Context()), "sh is not in the PATH of the check")
	wantError(t, Exec{Command: []string{"/no/such"}}.Run(t.Context()), "cannot run the check")
}

func TestExecNeverTellsItsEnvironment(t *testing.T) {
	err := shell("echo login with $PW failed >&2; exit 1", "PW="+password).Run(t.Context())
	wantError(t, err, "login with $PW failed")
}

func TestExecInheritsNothing(t *testing.T) {
	t.Setenv("OF_THE_AGENT", "1")
	if err := shell(`test -z "$OF_THE_AGENT"`).Run(t.Context()); err != nil {
		t.Error(err)
	}
	if err := (Exec{Command: []string{"/bin/sh", "-c", `test -z "$OF_THE_AGENT"`}}).Run(t.Context()); err != nil {
		t.Errorf("with no environment at all: %v", err)
	}
}

func TestExecWorksInItsDirectory(t *testing.T) {
	c := shell("test -f mark")
	c.Dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(c.Dir, "mark"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestExecIsKilledWithItsChildren(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe") // held by the child as long as it lives
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	up, gone := make(chan struct{}), make(chan error, 1)
	go func() {
		read, err := os.Open(pipe)
		close(up)
		if err == nil {
			defer read.Close()
			_, err = io.ReadAll(read)
		}
		gone <- err
	}()
	wantError(t, shell("sleep 1000 >"+pipe+" & wait").Run(expiring{t.Context(), up}), "sh did not end in time")
	select {
	case err := <-gone:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("a child lives on")
	}
}

// expiring is a context whose time is over when the channel is closed.
type expiring struct {
	context.Context
	over <-chan struct{}
}

func (e expiring) Done() <-chan struct{} { return e.over }

func (e expiring) Err() error {
	select {
	case <-e.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestExecChangesUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can run a check as another user")
	}
	c := shell(`test "$(id -u) $(id -g) $(id -G)" = "65534 65534 65534"`)
	c.UID, c.GID = 65534, 65534
	if err := c.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestExecKeepsTheEndOfAFlood(t *testing.T) {
	err := shell(fmt.Sprintf("yes %s | head -c 100000 >&2; exit 1", strings.Repeat("x", 500))).Run(t.Context())
	wantError(t, err, "exit status 1", "...")
}
