package unixsocket

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// talk checks that l answers at path and that both ends see our own user.
func talk(t *testing.T, l *net.UnixListener, path string) {
	t.Helper()
	near, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if runtime.GOOS != "linux" {
		return
	}
	for _, conn := range []*net.UnixConn{near, far} {
		if uid, err := PeerUID(conn); err != nil || uid != os.Getuid() {
			t.Errorf("the peer is %d, %v; want %d", uid, err, os.Getuid())
		}
	}
}

func TestPathsOfAnyLength(t *testing.T) {
	for name, depth := range map[string]int{"short": 0, "long": 20} {
		t.Run(name, func(t *testing.T) {
			if depth > 0 && runtime.GOOS != "linux" {
				t.Skip("long paths work on Linux only")
			}
			dir := filepath.Join(t.TempDir(), strings.Repeat("a-long-directory/", depth))
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "agent.sock")
			l, err := Listen(path)
			if err != nil {
				t.Fatal(err)
			}
			talk(t, l, path)
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the socket has mode %v, %v", info.Mode(), err)
			}
			if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "another process listens there") {
				t.Errorf("a second listener: %v", err)
			}
			l.AcceptUnix() // the look of the second listener
			l.Close()
			if l, err = Listen(path); err != nil {
				t.Fatalf("a socket that was left behind: %v", err)
			}
			talk(t, l, path)
			l.Close()
		})
	}
}

func TestNobodyListens(t *testing.T) {
	if _, err := Dial(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestAFileIsNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("got %v", err)
	}
}
