package shimmain

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// lastWait is how long killed processes may take to vanish; one that hangs in the kernel is left behind.
const lastWait = 5 * time.Second

// An end is the end of the app that is waited for.
type end struct {
	wake int // an eventfd, readable once all is over
	exit atomic.Pointer[protocol.Exit]
}

// result is valid once wake is readable.
func (e *end) result() protocol.Exit { return *e.exit.Load() }

func (e *end) tell(exit protocol.Exit) {
	e.exit.Store(&exit)
	one := [8]byte{1}
	_, _ = unix.Write(e.wake, one[:])
}

func newEnd() (*end, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, failed("make an event descriptor", err)
	}
	return &end{wake: fd}, nil
}

// watchChildren reaps all descendants that come to it, and once the app itself has ended notes how, and kills the others.
func watchChildren(app protocol.ID) (*end, error) {
	e, err := newEnd()
	if err != nil {
		return nil, err
	}
	go func() {
		exit := blame(awaitEnd(app.PID))
		note(app, exit)
		_ = unix.Kill(-app.PID, unix.SIGKILL)
		killGroups()
		killChildren()
		dismiss()
		e.tell(exit)
	}()
	return e, nil
}

// note makes the status outlive the shim. Without room on the disk it does not.
func note(app protocol.ID, exit protocol.Exit) {
	exit.PID, exit.Start = app.PID, app.Start
	_ = protocol.WriteEnded(".", exit)
}

// awaitEnd reaps until the app has ended, but not the app: as long as its status is nowhere else the kernel keeps it.
func awaitEnd(app int) protocol.Exit {
	for {
		var info childInfo
		err := unix.Waitid(unix.P_ALL, 0, (*unix.Siginfo)(unsafe.Pointer(&info)), unix.WEXITED|unix.WNOWAIT, nil)
		switch {
		case err == unix.EINTR:
		case err != nil: // no child at all: its status is lost
			return protocol.Exit{Time: time.Now()}
		case int(info.child.pid) == app:
			return info.exit()
		default:
			_, _ = unix.Wait4(int(info.child.pid), nil, 0, nil)
		}
	}
}

// A childInfo is the siginfo_t of waitid(2).
type childInfo struct {
	_, _, code int32
	child      struct {
		_      [0]uintptr // the union in C is aligned like a pointer
		pid    int32
		_      uint32
		status int32
	}
	_ [unsafe.Sizeof(unix.Siginfo{})]byte // more than the kernel writes
}

// exited is the code of a process that no signal has ended, CLD_EXITED.
const exited = 1

func (i *childInfo) exit() protocol.Exit {
	exit := protocol.Exit{Known: true, Time: time.Now()}
	if i.code == exited {
		exit.Code = int(i.child.status)
	} else {
		exit.Signal = syscall.Signal(i.child.status)
	}
	return exit
}

// killChildren kills and reaps until no child is left. A killed child's own children become ours, so that the whole
// tree comes by, whatever sessions and groups it has made.
func killChildren() {
	deadline := time.Now().Add(lastWait)
	pause := 100 * time.Microsecond
	for time.Now().Before(deadline) {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
		switch {
		case err == unix.EINTR || pid > 0:
		case err != nil:
			return // ECHILD: all gone
		default:
			for _, child := range children() {
				_ = unix.Kill(child, unix.SIGKILL)
			}
			time.Sleep(pause)
			pause = min(2*pause, 20*time.Millisecond)
		}
	}
}

// children returns the processes whose parent is the shim. Each thread has its own.
func children() []int {
	var pids []int
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		list, err := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		if err != nil {
			return childrenByParent() // a kernel without this file
		}
		for word := range strings.FieldsSeq(string(list)) {
			if pid, err := strconv.Atoi(word); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func childrenByParent() []int {
	var pids []int
	entries, _ := os.ReadDir("/proc")
	own := strconv.Itoa(os.Getpid())
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err != nil {
			continue
		}
		text := string(stat)
		fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
		if len(fields) > 1 && fields[1] == own {
			pids = append(pids, pid)
		}
	}
	return pids
}

// writeExit records the end durably: a run that has ended must not look like one that was never started.
func writeExit(id protocol.ID, exit protocol.Exit, lost int64) error {
	exit.PID, exit.Start, exit.Dropped = id.PID, id.Start, lost
	return disk.WriteFile(disk.OS{}, protocol.ExitFile, exit.Encode(), 0o600)
}
