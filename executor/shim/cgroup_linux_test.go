package shim_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nsynapse/recipe/executor/cgroup"
	"github.com/nsynapse/recipe/executor/shim"
)

// eat takes memory until it is killed.
func eat() {
	for all := []byte{}; ; {
		all = append(all, make([]byte, 1<<20)...)
		for i := 0; i < len(all); i += 4096 {
			all[i]++
		}
	}
}

// breed starts children, each in a session of its own, until the system refuses.
func breed() int {
	for n := 0; ; n++ {
		c := exec.Command("/bin/sleep", "1000")
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := c.Start(); err != nil || n == 5000 {
			return n
		}
	}
}

// bounded is a spec with limits, or the test is skipped.
func bounded(t *testing.T, l cgroup.Limits, words ...string) shim.Spec {
	t.Helper()
	host := cgroup.Look()
	if missing := host.Lacks(l); len(missing) > 0 {
		t.Skipf("no control groups for %s can be made here", strings.Join(missing, ", "))
	}
	s := spec(t, t.TempDir(), words...)
	s.Cgroups = host.Groups("test/app", s.Dir, l)
	t.Cleanup(func() {
		for _, g := range s.Cgroups {
			if _, err := os.Stat(g.Dir); err == nil {
				t.Errorf("%s is left", g.Dir)
				_ = shim.Sweep(s.Dir)
			}
		}
	})
	return s
}

// members are the processes in the first group of a spec.
func members(t *testing.T, s shim.Spec) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Cgroups[0].Dir, "cgroup.procs"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// An app that takes more memory than it may is killed for that, and its shim says so.
func TestOutOfMemory(t *testing.T) {
	s := bounded(t, cgroup.Limits{Memory: 64 << 20}, "say=hungry", "eat")
	neighbour := start(t, spec(t, t.TempDir(), "sleep"))
	exit := wait(t, start(t, s))
	if exit.Memory != 64<<20 || exit.String() != "out of memory: its limit is 64 MiB" || exit.Signal != syscall.SIGKILL {
		t.Errorf("ended by %s, %+v", exit, exit)
	}
	if got := lines(t, s.Dir); !slices.Contains(got, "hungry") {
		t.Errorf("its output is %q", got)
	}
	if found, err := shim.Find(s.Dir); err != nil || found.Exit != exit {
		t.Errorf("found %+v, %v", found, err)
	}
	if err := neighbour.Signal(0); err != nil {
		t.Errorf("the neighbour: %v", err)
	}
	// Who is killed by somebody else has not run out of memory.
	s.Command = append(s.Command[:2:2], "sleep")
	p := start(t, s)
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if exit := wait(t, p); exit.Memory != 0 || exit.String() != "signal: killed" {
		t.Errorf("ended by %s", exit)
	}
}

// All of an app is in its groups from the first step on, and the shim is not.
func TestMembers(t *testing.T) {
	leaf := filepath.Join(t.TempDir(), "leaf")
	s := bounded(t, cgroup.Limits{PIDs: 100, CPU: 0.9}, "tree="+leaf, "sleep")
	s.Limits = []shim.Limit{{Resource: syscall.RLIMIT_NOFILE, Soft: 64, Hard: 64}}
	p := start(t, s)
	var child, grandchild string
	eventually(t, "a tree", func() bool {
		text, _ := os.ReadFile(leaf)
		_, err := fmt.Sscan(string(text), &child, &grandchild)
		return err == nil
	})
	want := []string{strconv.Itoa(p.PID()), child, grandchild}
	got := members(t, s)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("in the group: %q, want %q", got, want)
	}
	// A new shim knows the groups of an app whose shim was killed.
	if err := syscall.Kill(shimOf(t, s.Dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := p.SignalGroup(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	wait(t, p)
}

// A fork bomb stays within its bound, harms nobody and is gone as a whole.
func TestForkBomb(t *testing.T) {
	s := bounded(t, cgroup.Limits{PIDs: 60}, "breed", "sleep")
	p := start(t, s)
	eventually(t, "the bound", func() bool { return len(lines(t, s.Dir)) > 0 })
	bred, err := strconv.Atoi(lines(t, s.Dir)[0])
	if err != nil || bred == 0 || bred >= 60 {
		t.Errorf("it has bred %d: %v", bred, err)
	}
	wait(t, start(t, spec(t, t.TempDir(), "exit=0")))
	inside := members(t, s)
	if len(inside) < bred {
		t.Errorf("%d are in the group, %d were bred", len(inside), bred)
	}
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	wait(t, p)
	for _, word := range inside {
		pid, _ := strconv.Atoi(word)
		if err := syscall.Kill(pid, 0); err == nil {
			t.Errorf("process %d is left", pid)
		}
	}
}

// What nobody was left to remove goes with the next start, or when the unit is removed.
func TestGroupsAreSwept(t *testing.T) {
	s := bounded(t, cgroup.Limits{PIDs: 60}, "sleep")
	for range 2 {
		p := start(t, s)
		p.Release() // or it would be rescued
		own := shimOf(t, s.Dir)
		for _, pid := range []int{own, p.PID()} {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = syscall.Wait4(own, nil, 0, nil) // who watched it may still have done so
		eventually(t, "the end", func() bool { found, err := shim.Find(s.Dir); return err == nil && found.State == shim.None })
		if _, err := os.Stat(s.Cgroups[0].Dir); err != nil {
			t.Errorf("the group is gone: %v", err)
		}
	}
	if err := shim.Sweep(s.Dir); err != nil {
		t.Error(err)
	}
}

// A shim that was told a group joins that, also where it has its app started in a roundabout way; without such a group it runs
// its app all the same.
func TestShimEntersItsGroup(t *testing.T) {
	group := t.TempDir()
	for _, dir := range []string{group, filepath.Join(group, "missing")} {
		s := spec(t, t.TempDir(), "sleep")
		s.Limits = []shim.Limit{{Resource: syscall.RLIMIT_NOFILE, Soft: 64, Hard: 64}}
		p, err := shim.Start(t.Context(), append(program(), dir), s)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { kill(p) })
	}
	// The shim writes this before it answers; a kernel would take it for the number of the writer.
	if said, err := os.ReadFile(filepath.Join(group, "cgroup.procs")); err != nil || string(said) != "0" {
		t.Errorf("the shim wrote %q (%v)", said, err)
	}
}
