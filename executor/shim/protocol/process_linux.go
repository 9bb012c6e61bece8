package protocol

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrGone says that the process that was meant does not live any more.
var ErrGone = errors.New("the process has ended")

// BootID returns the kernel's name for this boot.
func BootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b)), err
}

// StartTime returns when the process started, in clock ticks after boot. It fails with ErrGone if there is no such
// process or only its exit status is left.
func StartTime(pid int) (uint64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, ErrGone
	}
	// The second field is the name in parentheses, which may itself hold parentheses and spaces.
	text := string(b)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return 0, ErrGone
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

// OpenProcess returns a non-blocking pidfd of exactly the process that had the number pid and started at start.
// It fails with ErrGone. The pidfd is opened first and compared then: the other way round, the number could pass to
// another process in between.
func OpenProcess(pid int, start uint64) (int, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EINVAL) {
			return -1, ErrGone
		}
		return -1, err
	}
	actual, err := StartTime(pid)
	if err == nil && actual != start {
		err = ErrGone
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}
