package shimmain

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// enter joins the group of the second generation that the shim was told. One that does not get there runs its app all the same:
// a place is not a limit.
func enter(args []string) {
	if len(args) > 0 {
		_ = os.WriteFile(filepath.Join(args[0], "cgroup.procs"), []byte("0"), 0)
	}
}

// launchGrouped is launch for an app with control groups. Of the first generation a group is inherited from the thread that
// forks, so that one moves; it ends after that, for the shim must not be killed with its app. Into a group of the second
// generation the kernel puts the new process itself.
func launchGrouped(spec *protocol.Spec, fifo int, args []string) (int, error) {
	type result struct {
		pid int
		err error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread goes with the goroutine
		pid, err := launch(spec, fifo, args)
		done <- result{pid, err}
	}()
	r := <-done
	if r.err != nil {
		dismiss()
	}
	return r.pid, r.err
}

// makeGroups makes the groups and notes them.
func makeGroups(groups []protocol.Cgroup) error {
	if err := protocol.WriteGroups(".", groups); err != nil {
		return failed("note the control groups", err)
	}
	for _, g := range groups {
		if err := unix.Mkdir(g.Dir, 0o755); err != nil {
			return failed("make the control group "+g.Dir, err)
		}
		for _, s := range g.Set {
			err := os.WriteFile(filepath.Join(g.Dir, s.File), []byte(s.Value), 0)
			if err != nil && !s.Optional {
				return failed("set "+s.File+" of the control group "+g.Dir, err)
			}
		}
	}
	return nil
}

// join has what the calling thread forks with attr be in the groups. The file is to be closed after the fork; it is nil if
// there is none.
func join(groups []protocol.Cgroup, attr *syscall.SysProcAttr) (*os.File, error) {
	var second *os.File
	for _, g := range groups {
		if protocol.Second(g.Dir) {
			f, err := os.Open(g.Dir)
			if err != nil {
				return nil, failed("open the control group "+g.Dir, err)
			}
			second, attr.UseCgroupFD, attr.CgroupFD = f, true, int(f.Fd())
			continue
		}
		if err := os.WriteFile(filepath.Join(g.Dir, "tasks"), []byte("0"), 0); err != nil {
			return second, failed("join the control group "+g.Dir, err)
		}
	}
	return second, nil
}

// blame says of an app that has ended whether its limit of memory was why.
func blame(exit protocol.Exit) protocol.Exit {
	if !exit.Success() {
		exit.Memory = protocol.OutOfMemory(protocol.ReadGroups("."))
	}
	return exit
}

// killGroups kills what is left in the groups of the app.
func killGroups() { protocol.KillGroups(protocol.ReadGroups(".")) }

// dismiss removes the groups of an app that is no more. One that cannot be removed is tried again before the next start.
func dismiss() { _ = protocol.RemoveGroups(".", protocol.ReadGroups(".")) }
