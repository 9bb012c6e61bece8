package deb_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/providers/builtin/deb"
	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/registry/store"
)

const nobody = 65534

// TestRealServers installs PostgreSQL and Redis from the sources of this machine and runs them, as an unprivileged
// user when the test runs as root.
func TestRealServers(t *testing.T) {
	if testing.Short() {
		t.Skip("not asked for: it downloads 40 MB from the machine's package sources")
	}
	if raceDetector {
		t.Skip("left to the run without the race detector: with it xz takes minutes")
	}
	home := openDir(t)
	s, err := store.Open(filepath.Join(home, "store"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := fetch.New(filepath.Join(home, "downloads"), fetch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := deb.New(s, f, deb.Options{})
	redis := installReal(t, r, "redis-server")
	t.Run("redis", func(t *testing.T) { runRedis(t, redis) })
	postgresql := installReal(t, r, "postgresql") // names the version of the distribution by what it depends on
	t.Run("postgresql", func(t *testing.T) { runPostgreSQL(t, postgresql) })
}

func installReal(t *testing.T, r sdk.Resource, name string) (path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	began := time.Now()
	var total atomic.Int64
	report := sdk.Report{Progress: func(p sdk.Progress) { total.Store(p.Total) }}
	v, d := r.Apply(ctx, sdk.ApplyRequest{
		Identity: sdk.Identity{Address: "test", Known: none()},
		After:    wish([]string{name}), Token: "1", Report: report,
	})
	for _, w := range d {
		t.Log(w.Summary, w.Detail)
	}
	if err := d.Err(); err != nil {
		if _, isDebian := os.Stat("/etc/debian_version"); isDebian != nil || strings.Contains(err.Error(), "no package source") {
			t.Skipf("the package sources of this machine do not answer: %v", err)
		}
		t.Fatal(err)
	}
	t.Logf("%s: %d packages, %d bytes, %v: %v", name, v.GetAttr("resolved").LengthInt(), total.Load(), time.Since(began), resolved(v))
	return v.GetAttr("path").AsString()
}

func runRedis(t *testing.T, path string) {
	dir := openDir(t)
	socket := filepath.Join(dir, "s")
	start(t, path, dir, "usr/bin/redis-server", "--port", "0", "--unixsocket", socket, "--dir", dir)
	answer := ""
	poll(t, func() error {
		c, err := net.Dial("unix", socket)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := io.WriteString(c, "PING\r\n"); err != nil {
			return err
		}
		answer, err = bufio.NewReader(c).ReadString('\n')
		return err
	})
	if answer != "+PONG\r\n" {
		t.Errorf("answer %q", answer)
	}
}

func runPostgreSQL(t *testing.T, path string) {
	bins, err := filepath.Glob(filepath.Join(path, "usr/lib/postgresql/*/bin"))
	if err != nil || len(bins) != 1 {
		t.Fatal(bins, err)
	}
	bin, _ := filepath.Rel(path, bins[0])
	dir := openDir(t)
	data := filepath.Join(dir, "data")
	init := command(t, path, dir, bin+"/initdb", "-D", data, "-U", "admin", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
	if out, err := init.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	start(t, path, dir, bin+"/postgres", "-D", data, "-h", "", "-k", dir, "-c", "jit=off")
	answer := ""
	poll(t, func() error {
		out, err := command(t, path, dir, bin+"/psql", "-h", dir, "-U", "admin", "-At", "-c", "SELECT 1", "postgres").CombinedOutput()
		answer = string(out)
		return err
	})
	if answer != "1\n" {
		t.Errorf("answer %q", answer)
	}
}

func command(t *testing.T, path, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(filepath.Join(path, name), args...)
	c.Dir = dir
	c.Env = []string{"HOME=" + dir, "LC_ALL=C.UTF-8", "LD_LIBRARY_PATH=" + libraries(path)}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return c
}

func libraries(path string) string {
	triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	return fmt.Sprintf("%[1]s/usr/lib/%[2]s:%[1]s/lib/%[2]s", path, triplet)
}

func start(t *testing.T, path, dir, name string, args ...string) {
	t.Helper()
	c := command(t, path, dir, name, args...)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		_ = c.Wait()
		if out, err := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s: %s %v", name, out, err)
		}
	})
}

func poll(t *testing.T, ready func() error) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := ready()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		select {
		case <-t.Context().Done():
		case <-time.After(pause):
		}
	}
}

// openDir is a short directory that the unprivileged user may enter and write to: a socket's path ends at 107 bytes.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "deb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
