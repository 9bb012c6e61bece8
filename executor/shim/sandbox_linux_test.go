package shim_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/cgroup"
	"github.com/nsynapse/recipe/executor/landlock"
	"github.com/nsynapse/recipe/executor/sandbox"
	"github.com/nsynapse/recipe/executor/shim"
)

// tries prints for each of some files whether it may be written, and whether /dev/stdout may be opened.
const tries = `for f in "$OWN" "$OTHER"; do if (echo x > "$f") 2>/dev/null; then echo written; else echo refused; fi; done
echo again > /dev/stdout
kill -0 $PPID 2>/dev/null && echo signalled || echo kept
exec sleep 1000`

// kept is an app that may write one directory of two.
func kept(t *testing.T) shim.Spec {
	t.Helper()
	if landlock.Version() < landlock.Least {
		t.Skip("the kernel keeps nothing apart")
	}
	own, other := t.TempDir(), t.TempDir()
	s := shim.Spec{Dir: t.TempDir(), Command: []string{"sh", "-c", tries}, UID: -1, GID: -1,
		Env: []string{"PATH=/usr/bin:/bin", "OWN=" + filepath.Join(own, "file"), "OTHER=" + filepath.Join(other, "file")}}
	s.Sandbox = &landlock.Domain{Scoped: true, Rules: []landlock.Rule{{Path: own, Access: landlock.Write}}}
	for _, path := range []string{"/usr", "/bin", "/lib", "/lib64", "/etc", "/proc"} {
		s.Sandbox.Base = append(s.Sandbox.Base, landlock.Rule{Path: path, Optional: true})
	}
	s.Sandbox.Base = append(s.Sandbox.Base, landlock.Rule{Path: "/dev/null", Access: landlock.Write},
		landlock.Rule{Path: "/dev/stdout", Access: landlock.Read, Optional: true}) // the link itself; the shim allows what it leads to
	return s
}

func checkKept(t *testing.T, dir string) {
	t.Helper()
	want := []string{"written", "refused", "again", "kept"}
	if landlock.Version() < landlock.ScopeVersion {
		want[3] = "signalled"
	}
	eventually(t, "the app says what it may", func() bool { return len(lines(t, dir)) >= len(want) })
	if got := lines(t, dir); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// An app is in its sandbox, however it is started.
func TestSandbox(t *testing.T) {
	t.Run("plain", func(t *testing.T) {
		s := kept(t)
		start(t, s)
		checkKept(t, s.Dir)
	})
	t.Run("limited", func(t *testing.T) {
		s := kept(t)
		s.Limits = []shim.Limit{{Resource: syscall.RLIMIT_NOFILE, Soft: 64, Hard: 64}}
		start(t, s)
		checkKept(t, s.Dir)
	})
	t.Run("grouped", func(t *testing.T) {
		s := kept(t)
		b := bounded(t, cgroup.Limits{PIDs: 100})
		s.Dir, s.Cgroups = b.Dir, b.Cgroups
		start(t, s)
		checkKept(t, s.Dir)
	})
}

// The shim itself is in no sandbox: it rotates, notes the end and starts nothing else; and a shim that takes over neither.
func TestSandboxIsOfTheAppAlone(t *testing.T) {
	s := kept(t)
	p := start(t, s)
	checkKept(t, s.Dir)
	p.Release()
	shimPID := shimOf(t, s.Dir)
	if err := syscall.Kill(shimPID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_, _ = unix.Wait4(shimPID, nil, 0, nil)
	rescued, err := shim.Adopt(t.Context(), program(), s.Dir, shim.Log{})
	if err != nil {
		t.Fatal(err)
	}
	if rescued.PID() != p.PID() {
		t.Fatalf("another process: %d and not %d", rescued.PID(), p.PID())
	}
	if err := rescued.Signal(syscall.SIGTERM); err != nil { // from outside of the sandbox
		t.Fatal(err)
	}
	if got := wait(t, rescued); got.Known && got.Signal != syscall.SIGTERM {
		t.Errorf("its end is %s", got)
	}
}

// What is allowed and is not there is named.
func TestSandboxOfNothing(t *testing.T) {
	s := kept(t)
	missing := filepath.Join(t.TempDir(), "missing")
	s.Sandbox.Rules = append(s.Sandbox.Rules, landlock.Rule{Path: missing})
	_, err := shim.Start(context.Background(), program(), s)
	var e *shim.StartError
	if !errors.As(err, &e) || !strings.Contains(e.What, missing) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}

// What a start takes in the usual sandbox; BenchmarkStart is the same without.
func BenchmarkStartSandboxed(b *testing.B) {
	if landlock.Version() < landlock.Least {
		b.Skip("the kernel keeps nothing apart")
	}
	policy := sandbox.New(b.TempDir())
	for b.Loop() {
		s := spec(b, b.TempDir(), "sleep")
		s.Sandbox = policy.Domain(cty.NullVal(sandbox.Type), sandbox.Place{Instance: s.Dir})
		p, err := shim.Start(b.Context(), program(), s)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		kill(p)
		b.StartTimer()
	}
}
