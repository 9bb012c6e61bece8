package shim_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

const (
	crowds      = 4 // processes that start the same unit at the same time
	crowdStarts = 8 // starts by each of them
)

// T9: 32 starts of one unit at once, out of four processes, while shims and half of those processes are killed. There is
// never more than one process of the app; the app is the judge itself.
func TestT9OneOfMany(t *testing.T) {
	v := newVillain(t)
	began, runs := time.Now(), 0
	rounds := torture.PickRaced(3, 10, 100)
	for n := range rounds {
		runs += v.oneOfMany()
		if t.Failed() {
			t.Fatalf("in round %d, after %d kills", n+1, v.kills)
		}
	}
	v.checkNothingLeft()
	torture.Report(t, "T9", "%d rounds of %d starts at once in %.1f s, %d shims and %d users killed, %d runs: 0 beside another; nothing left",
		rounds, crowds*crowdStarts, time.Since(began).Seconds(), v.kills, v.users, runs)
}

// oneOfMany plays one round and returns how many runs of the app came out of it. There is one at least, and one after
// the other: a run that has ended is followed by the next if there are starts that come later.
func (v *villain) oneOfMany() int {
	unit := v.newUnit()
	ledger := filepath.Join(unit.dir, "ledger")
	var users []*exec.Cmd
	for range crowds {
		users = append(users, v.newCrowd(unit, ledger))
	}
	kills := 20 // at most, before the first run
	eventually(v, "a first run", func() bool {
		if kills--; kills >= 0 {
			v.killSome(users)
		}
		return len(readLedger(v, ledger)) > 0
	})
	for range v.IntN(6) {
		<-v.later(10*time.Millisecond, func() { v.killSome(users) })
	}
	for _, user := range users[:crowds/2] {
		<-v.later(10*time.Millisecond, func() { v.killUser(user.Process) })
	}
	v.awaitCrowds(unit, users[crowds/2:])
	return v.checkLedger(ledger)
}

// newCrowd starts a process that starts the unit many times at once.
func (v *villain) newCrowd(u *unit, ledger string) *exec.Cmd {
	v.Helper()
	crowd := exec.Command(os.Args[0], "crowd", u.dir, os.Args[0], "app", "alone="+ledger)
	crowd.Env = append(os.Environ(), noWait)
	crowd.Stderr = os.Stderr
	v.must(crowd.Start())
	v.note(crowd.Process.Pid)
	return crowd
}

// crowd is the life of such a process: it ends when each of its starts has seen the end of a run.
func crowd(dir string, command []string) int {
	s := shim.Spec{Dir: dir, Command: command, Env: []string{noWait}, UID: -1, GID: -1}
	var group sync.WaitGroup
	for range crowdStarts {
		group.Go(func() { startOrAdopt(s) })
	}
	group.Wait()
	return 0
}

// startOrAdopt goes on until it has a process, whatever happens to its shims, and waits for the end of that.
func startOrAdopt(s shim.Spec) {
	for {
		p, err := shim.Start(context.Background(), program(), s)
		if errors.Is(err, shim.ErrBusy) {
			p, err = shim.Adopt(context.Background(), program(), s.Dir, s.Log)
		}
		if err == nil {
			<-p.Done()
			return
		}
	}
}

// killSome kills one of the shims of one of the users: the one that has the lock, or any that was just started.
func (v *villain) killSome(users []*exec.Cmd) {
	shims := childrenOf(users[v.IntN(len(users))].Process.Pid)
	if len(shims) > 0 {
		v.killShim(shims[v.IntN(len(shims))])
	}
}

// childrenOf returns the children of a process, by whichever of its threads.
func childrenOf(pid int) (children []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		content, _ := os.ReadFile(list)
		for word := range strings.FieldsSeq(string(content)) {
			if child, err := strconv.Atoi(word); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

// awaitCrowds ends what runs, again and again, until no start is left.
func (v *villain) awaitCrowds(u *unit, users []*exec.Cmd) {
	v.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, user := range users {
			if err := user.Wait(); err != nil {
				v.Error(err)
			}
		}
	}()
	eventually(v, "all starts have come to an end", func() bool {
		for _, pid := range protocol.Marked(u.dir) {
			_ = syscall.Kill(pid, syscall.SIGTERM)
		}
		return closed(done)
	})
}

// alone is the app: it demands to be the only one, and says when it starts and ends.
func alone(ledger string) int {
	f, err := os.OpenFile(ledger, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return 1
	}
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		fmt.Fprintln(f, "beside", os.Getpid())
	}
	fmt.Fprintln(f, "start", os.Getpid())
	<-terms
	fmt.Fprintln(f, "end", os.Getpid())
	return 0
}

// readLedger returns the lines of the app.
func readLedger(t testing.TB, path string) []string {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(content)), "\n")[:strings.Count(string(content), "\n")]
}

// checkLedger demands that no run began beside another, and returns how many there were. A run without an end was
// killed, with the shim of its start.
func (v *villain) checkLedger(path string) int {
	v.Helper()
	runs, last := 0, ""
	for _, line := range readLedger(v, path) {
		word, pid, _ := strings.Cut(line, " ")
		switch {
		case word == "start":
			runs, last = runs+1, pid
		case word == "end" && pid == last:
		default:
			v.Errorf("%s: %q while %s ran", path, line, last)
		}
	}
	if runs == 0 {
		v.Errorf("%s: no run", path)
	}
	return runs
}
