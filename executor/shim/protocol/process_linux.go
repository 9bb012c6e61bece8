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
	fields := stat(pid)
	if len(fields) > 0 && (fields[statState] == "Z" || fields[statState] == "X") {
		return 0, ErrGone
	}
	return startIn(fields)
}

// StartTimeUnreaped is StartTime for a process that may have ended, as long as its parent has not taken its status.
func StartTimeUnreaped(pid int) (uint64, error) { return startIn(stat(pid)) }

func startIn(fields []string) (uint64, error) {
	if len(fields) <= statStart {
		return 0, ErrGone
	}
	return strconv.ParseUint(fields[statStart], 10, 64)
}

// Fields of stat.
const (
	statState = 0
	statStart = 19
	statExit  = 49 // 0 to those who may not know it
)

// stat returns what the kernel tells of a process from its state on, or nil if there is no such process.
func stat(pid int) []string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	// Before it stands the name in parentheses, which may itself hold parentheses and spaces.
	text := string(b)
	return strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
}

// OpenProcess returns a non-blocking pidfd of exactly the process that had the number pid and started at start. It may
// have ended, which the pidfd then tells; once it was reaped, the error is ErrGone. The pidfd is opened first and compared then: the other way round, the number could pass to
// another process in between.
func OpenProcess(pid int, start uint64) (int, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EINVAL) {
			return -1, ErrGone
		}
		return -1, err
	}
	actual, err := StartTimeUnreaped(pid)
	if err == nil && actual != start {
		err = ErrGone
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}
