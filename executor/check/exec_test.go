//go:build unix

package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	mark := filepath.Join(t.TempDir(), "mark")
	c := shell("(sleep 0.5; touch " + mark + ") & sleep 100")
	begin := time.Now()
	wantError(t, c.Run(within(t, 100*time.Millisecond)), "sh did not end in time")
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
	<-time.After(time.Until(begin.Add(time.Second)))
	if _, err := os.Stat(mark); err == nil {
		t.Error("a child lived on")
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
