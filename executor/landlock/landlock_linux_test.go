package landlock

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestMain makes the test binary play a program in a domain: "try", a verb and a path.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "try" {
		if err := try(os.Args[2], os.Args[3]); err != nil {
			os.Stdout.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func try(verb, path string) error {
	switch verb {
	case "read":
		_, err := os.ReadFile(path)
		return err
	case "list":
		_, err := os.ReadDir(path)
		return err
	case "write":
		return os.WriteFile(path, []byte("written"), 0o600)
	case "make":
		return os.Mkdir(path, 0o700)
	case "move": // into a directory beside
		return os.Rename(path, filepath.Join(filepath.Dir(path), "sub", "moved"))
	case "remove":
		return os.Remove(path)
	case "truncate":
		return os.Truncate(path, 0)
	case "run":
		return exec.Command(path).Run()
	case "look-at-parent":
		_, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", os.Getppid()))
		return err
	case "signal-parent":
		return syscall.Kill(os.Getppid(), 0)
	}
	return errors.New("no such verb")
}

// system is what a program of Go takes to run at all.
var system = []Rule{{"/proc", Read, false}, {"/dev/null", Write, false}, {"/usr", Read, false}, {"/lib", Read, true}, {"/lib64", Read, true}, {"/bin", Read, true}}

// inside runs the test binary in the domain, on a kernel of that version, and reports whether it was refused.
func inside(t *testing.T, d *Domain, version int, verb, path string) (refused bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var output []byte
	domain := d.With(append(system, Rule{self, Read, false})...)
	done := make(chan error)
	Apart(func() {
		err := error(nil)
		if domain != nil {
			err = domain.enter(version)
		}
		if err == nil {
			cmd := exec.Command(self, "try", verb, path)
			cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // with the race detector it would sleep for a second
			output, err = cmd.Output()
		}
		done <- err
	})
	err = <-done
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s %s: %v", verb, path, err)
	}
	if err != nil && !strings.Contains(string(output), "permission denied") && !strings.Contains(string(output), "operation not permitted") && !strings.Contains(string(output), "cross-device") {
		t.Fatalf("%s %s: %s", verb, path, output)
	}
	return err != nil
}

func need(t *testing.T, version int) {
	t.Helper()
	if v := Version(); v < version {
		t.Skipf("version %d of landlock is needed, and this kernel has %d", version, v)
	}
}

func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "own", "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"own", "shown", "hidden"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"one", "two", "three"} {
			if err := os.WriteFile(filepath.Join(dir, sub, name), []byte("text"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	script := "#!/bin/sh\nexit 0\n"
	for _, sub := range []string{"shown", "hidden"} {
		if err := os.WriteFile(filepath.Join(dir, sub, "script"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// On every version that is made use of, files are kept apart; the cases are tried as on each of them.
func TestFiles(t *testing.T) {
	need(t, Least)
	for version := Least; version <= Version(); version++ {
		dir := tree(t)
		d := &Domain{Rules: []Rule{{filepath.Join(dir, "own"), Write, false}, {filepath.Join(dir, "shown"), Read, false}}}
		for _, c := range []struct {
			verb, path string
			refused    bool
		}{
			{"read", "own/one", false}, {"list", "own", false}, {"write", "own/new", false}, {"make", "own/dir", false},
			{"move", "own/one", false}, {"remove", "own/two", false}, {"truncate", "own/three", false},
			{"read", "shown/one", false}, {"list", "shown", false}, {"run", "shown/script", false},
			{"write", "shown/new", true}, {"write", "shown/one", true}, {"make", "shown/dir", true}, {"remove", "shown/two", true},
			{"truncate", "shown/three", version >= 3},
			{"read", "hidden/one", true}, {"list", "hidden", true}, {"write", "hidden/new", true}, {"remove", "hidden/two", true}, {"run", "hidden/script", true},
			{"list", ".", true}, {"make", "dir", true},
		} {
			if refused := inside(t, d, version, c.verb, filepath.Join(dir, c.path)); refused != c.refused {
				t.Errorf("version %d: %s %s: refused is %v", version, c.verb, c.path, refused)
			}
		}
	}
}

// A kernel without landlock, or with too old a one, runs everything as without a domain.
func TestWithout(t *testing.T) {
	dir := tree(t)
	for version := range Least {
		if inside(t, &Domain{Scoped: true}, version, "read", filepath.Join(dir, "hidden", "one")) || inside(t, &Domain{Scoped: true}, version, "signal-parent", "") {
			t.Errorf("version %d keeps something apart", version)
		}
	}
	if inside(t, nil, Version(), "write", filepath.Join(dir, "hidden", "one")) {
		t.Error("no domain keeps something apart")
	}
}

// A scoped domain keeps its signals to itself from the version on that can, an open one does not.
func TestScope(t *testing.T) {
	need(t, Least)
	for version := Least; version <= Version(); version++ {
		d := &Domain{Scoped: true}
		if refused := inside(t, d, version, "signal-parent", ""); refused != (version >= ScopeVersion) {
			t.Errorf("version %d: refused is %v", version, refused)
		}
		if inside(t, d.Open(), version, "signal-parent", "") {
			t.Errorf("version %d: an open domain keeps signals in", version)
		}
	}
}

// A path that is not there is an error with its name, unless it is optional.
func TestMissing(t *testing.T) {
	need(t, Least)
	missing := filepath.Join(t.TempDir(), "missing")
	err := (&Domain{Rules: []Rule{{missing, Read, false}}}).Run(func() error { return nil })
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), missing) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
	ran := false
	err = (&Domain{Rules: []Rule{{missing, Read, true}}}).Run(func() error { ran = true; return nil })
	if err != nil || !ran {
		t.Errorf("ran is %v, the error %v", ran, err)
	}
}

// Nothing in a domain can trace the process that has started it, whichever threads that has used.
func TestParentIsNotTraced(t *testing.T) {
	need(t, Least)
	if inside(t, nil, 0, "look-at-parent", "") {
		t.Skip("here nobody can, in a domain or not")
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10 {
				if !inside(t, &Domain{}, Version(), "look-at-parent", "") {
					t.Error("the parent can be traced")
				}
			}
		})
	}
	all.Wait()
}

// What calls Run stays outside.
func TestCallerStaysOutside(t *testing.T) {
	need(t, Least)
	dir := t.TempDir()
	for range 50 {
		var inner error
		if err := (&Domain{}).Run(func() error { inner = os.WriteFile(filepath.Join(dir, "inside"), nil, 0o600); return nil }); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(inner, os.ErrPermission) {
			t.Fatalf("inside: %v", inner)
		}
		if err := os.WriteFile(filepath.Join(dir, "outside"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
