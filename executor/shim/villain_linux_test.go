package shim_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/shim/protocol"
	"github.com/nsynapse/recipe/executor/torture"
)

// A villain kills shims and their users, and keeps count.
type villain struct {
	*testing.T
	random *rand.Rand
	root   string
	told   bool // the kernel tells the status of what is not our child

	kills, users, apps, lines, statuses, unseen int

	mu   sync.Mutex
	pids map[int]uint64 // all that ever ran, by number, with when they started: the kernel gives numbers again
}

func newVillain(t *testing.T) *villain {
	v := &villain{T: t, random: torture.Random(t), root: t.TempDir(), told: kernelTells(t), pids: map[int]uint64{}}
	t.Cleanup(v.cleanUp)
	return v
}

// cleanUp kills what a failed test has left; otherwise there is nothing.
func (v *villain) cleanUp() {
	for n := range v.apps {
		for _, pid := range protocol.Marked(v.dir(n + 1)) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func (v *villain) dir(app int) string { return filepath.Join(v.root, strconv.Itoa(app)) }

// IntN and coin are called from one goroutine at a time: the test waits for what it has begun.
func (v *villain) IntN(n int) int { return v.random.IntN(n) }
func (v *villain) coin() bool     { return v.random.IntN(2) == 0 }

// later does something within a time, from another goroutine, and closes the channel then.
func (v *villain) later(most time.Duration, do func()) <-chan struct{} {
	pause := time.Duration(v.random.Int64N(int64(most)))
	done := make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(pause) // the moment of the kill is what is drawn
		do()
	}()
	return done
}

// killShim does not reap: that is the work of the user.
func (v *villain) killShim(pid int) {
	v.note(pid)
	if syscall.Kill(pid, syscall.SIGKILL) == nil {
		v.kills++
	}
}

// newUser starts a process that starts the unit and then watches it.
func (v *villain) newUser(u *unit, words ...string) *os.Process {
	v.Helper()
	s := u.spec(words...)
	user := exec.Command(os.Args[0], append([]string{"user", u.dir}, s.Command...)...)
	user.Env = append(os.Environ(), noWait)
	user.Stderr = os.Stderr
	v.must(user.Start())
	v.note(user.Process.Pid)
	return user.Process
}

func (v *villain) killUser(user *os.Process) {
	_ = user.Kill()
	_, _ = user.Wait()
	v.users++
}

// user is the life of such a process.
func user(dir string, command []string) int {
	_, err := shim.Start(context.Background(), program(), shim.Spec{
		Dir: dir, Command: command, Env: []string{noWait}, UID: -1, GID: -1, Log: shim.Log{MaxBytes: 100 << 10, Files: 100},
	})
	if err != nil && !errors.Is(err, shim.ErrBusy) {
		fmt.Fprintln(os.Stderr, "the user:", err) // it may have lost its shim
	}
	time.Sleep(time.Hour)
	return 0
}

func (v *villain) note(pid int) {
	started, err := protocol.StartTimeUnreaped(pid)
	if err != nil {
		return // it has gone for good already
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pids[pid] = started
}

func (v *villain) must(err error) {
	v.Helper()
	if err != nil {
		v.Fatal(err)
	}
}

// A unit is one directory and the app in it.
type unit struct {
	v   *villain
	dir string
}

func (v *villain) newUnit() *unit {
	v.apps++
	u := &unit{v, v.dir(v.apps)}
	v.must(os.Mkdir(u.dir, 0o700))
	return u
}

// takeOver adopts what runs; start is for a unit that does not, and nil where it has to.
func (u *unit) takeOver(start func() (*shim.Process, error)) *shim.Process {
	u.v.Helper()
	for {
		p, err := shim.Adopt(u.v.Context(), program(), u.dir, shim.Log{MaxBytes: 100 << 10, Files: 100})
		if errors.Is(err, shim.ErrNotRunning) && start != nil {
			p, err = start()
		}
		if errors.Is(err, shim.ErrBusy) { // the shim of the dead user was a little late
			continue
		}
		u.v.must(err)
		return p
	}
}

// runs returns the numbers of all processes that the app has had.
func (u *unit) runs() []int {
	content, _ := os.ReadFile(filepath.Join(u.dir, "once.runs"))
	var pids []int
	for word := range strings.FieldsSeq(string(content)) {
		pid, err := strconv.Atoi(word)
		u.v.must(err)
		pids = append(pids, pid)
	}
	return pids
}

// awaitRun waits until a process of the app is so far that it can be terminated, and returns its number.
func (u *unit) awaitRun() int {
	u.v.Helper()
	var runs []int
	eventually(u.v, "the app runs", func() bool {
		runs = u.runs()
		return len(runs) > 0 && syscall.Kill(runs[len(runs)-1], 0) == nil
	})
	return runs[len(runs)-1]
}

// awaitLines waits for the last of so many lines in the log.
func (u *unit) awaitLines(count int) {
	u.v.Helper()
	want := []string{"line " + strconv.Itoa(count-1)}
	eventually(u.v, want[0], func() bool {
		last, err := shim.Tail(u.dir, 1)
		return err == nil && slices.Equal(last, want)
	})
}

// checkSeen is checkExit where it may be that nobody has seen the end.
func (u *unit) checkSeen(exit shim.Exit, code int) {
	u.v.Helper()
	if !exit.Known {
		u.v.unseen++
		return
	}
	u.checkExit(exit, code)
}

func (u *unit) checkExit(exit shim.Exit, code int) {
	u.v.Helper()
	if !exit.Known && !u.v.told {
		return
	}
	if !exit.Known || exit.Code != code || exit.Signal != 0 {
		u.v.Errorf("%s in %s, want status %d", exit, u.dir, code)
	}
	u.v.statuses++
}

// checkOneRun demands that the app has had one process only, and that its lines are in the log, each once.
func (u *unit) checkOneRun(pid, count int) {
	u.v.Helper()
	if runs := u.runs(); len(runs) != 1 || runs[0] != pid {
		u.v.Errorf("the app in %s ran as %v, want %d", u.dir, runs, pid)
	}
	u.checkLines(lines(u.v, u.dir), count)
}

// checkLastRun is checkOneRun for an app whose earlier processes were killed by a start that failed.
func (u *unit) checkLastRun(count int) {
	u.v.Helper()
	all := lines(u.v, u.dir)
	u.checkLines(all[max(0, len(all)-count):], count)
}

func (u *unit) checkLines(got []string, count int) {
	u.v.Helper()
	if _, err := os.Stat(filepath.Join(u.dir, "once.twice")); err == nil {
		u.v.Errorf("the app in %s ran twice at a time", u.dir)
	}
	checkCount(u.v, got, count)
	u.v.lines += count
	for _, pid := range u.runs() {
		u.v.note(pid)
	}
}

// checkNothingLeft demands that of all that ever ran nothing does, and nothing waits to be reaped.
func (v *villain) checkNothingLeft() {
	v.Helper()
	for n := range v.apps {
		dir := v.dir(n + 1)
		eventually(v, "no process of "+dir, func() bool { return len(protocol.Marked(dir)) == 0 })
	}
	eventually(v, "all gone", func() bool {
		for pid, started := range v.pids {
			if now, err := protocol.StartTimeUnreaped(pid); err == nil && now == started {
				return false
			}
		}
		return len(zombies(v.T)) == 0
	})
}

// kernelTells reports whether this kernel tells the status of a process by its pidfd.
func kernelTells(t *testing.T) bool {
	t.Helper()
	c := exec.Command("/bin/true")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.PidfdOpen(c.Process.Pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	_, ok := protocol.ExitOf(fd, c.Process.Pid, 0)
	return ok
}
