package shimmain

import (
	"os"
	"path/filepath"
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

// makeGroups makes the groups and notes them.
func makeGroups(groups []protocol.Cgroup) error {
	if len(groups) == 0 {
		return nil
	}
	if err := protocol.WriteGroups(".", groups); err != nil {
		return failedFile("write", protocol.GroupsFile, err)
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

// blame says of an app that has ended whether its limit of memory was why. It was not if another signal than the kernel's ended it: then
// some process that it had started was killed before.
func blame(exit protocol.Exit) protocol.Exit {
	if !exit.Success() && (exit.Signal == 0 || exit.Signal == syscall.SIGKILL) {
		exit.Memory = protocol.OutOfMemory(protocol.ReadGroups("."))
	}
	return exit
}

// killGroups kills what is left in the groups of the app.
func killGroups() { protocol.KillGroups(protocol.ReadGroups(".")) }

// dismiss removes the groups of an app that is no more. One that cannot be removed is tried again before the next start.
func dismiss() { _ = protocol.RemoveGroups(".", protocol.ReadGroups(".")) }
