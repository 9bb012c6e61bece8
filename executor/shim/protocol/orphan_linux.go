package protocol

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// execStep is more than the kernel takes from giving up the lock of a process that becomes the app to the moment from
// which its environment can be seen.
const execStep = 2 * time.Millisecond

// Orphan returns the app that id tells of, if it lives, for somebody who has seen that no shim holds the lock of dir, or
// holds it himself. If its number was never written it is searched by its environment: of the marked processes the app
// is the one that leads a group of its own, and the first to do so.
func Orphan(dir string, id ID) (ID, bool) {
	if id.PID != 0 {
		return id, alive(id.PID, id.Start)
	}
	for range 2 {
		for _, pid := range Marked(dir) {
			start, err := StartTime(pid)
			if err == nil && leadsGroup(pid) {
				id.PID, id.Start = pid, start
				return id, true
			}
		}
		time.Sleep(execStep)
	}
	return id, false
}

// alive reports whether the process that had the number and started at start has not ended, with all of its threads:
// the first of them may end before the others, and looks like the whole then.
func alive(pid int, start uint64) bool {
	fd, err := OpenProcess(pid, start)
	if err != nil {
		return !errors.Is(err, ErrGone)
	}
	defer unix.Close(fd)
	return !Ended(fd)
}

// Ended reports whether the process behind the pidfd has ended.
func Ended(pidfd int) bool {
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}

// leadsGroup reports whether pid is the number of its own process group.
func leadsGroup(pid int) bool {
	group, err := unix.Getpgid(pid)
	return err == nil && group == pid
}
