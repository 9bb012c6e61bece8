//go:build unix

package builtin_test

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// binary finds a server's program in PATH or one of the other places, or skips the test.
func binary(t *testing.T, name string, patterns ...string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(filepath.Join(pattern, name)); len(found) > 0 {
			return slices.Max(found)
		}
	}
	t.Skipf("there is no %s on this machine", name)
	return ""
}

// serverDirectory makes a directory with a short path, which a socket needs, that belongs to the user who runs servers.
func serverDirectory(t *testing.T) string {
	dir, err := os.MkdirTemp("", "builtin")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Getuid() == 0 {
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// asServer returns a command that runs in dir, as nobody when the test is root: servers refuse root.
func asServer(dir, path string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(path, arguments...)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	return cmd
}

// serve starts a server that lives as long as the test, and waits until it is ready.
func serve(t *testing.T, cmd *exec.Cmd, ready func() bool) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
		_ = log.Close()
	})
	if err := waitFor(ready); err != nil {
		_, _ = log.Seek(0, io.SeekStart)
		said, _ := io.ReadAll(log)
		t.Fatalf("%s is not ready: %s", cmd.Path, said)
	}
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
