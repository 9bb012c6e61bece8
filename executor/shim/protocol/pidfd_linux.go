package protocol

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ExitOf returns how a process ended, though it need not be our child: the one behind the pidfd, which had the number
// pid and started at start. The kernel tells it in one place until its parent has taken the status, and in another
// after that, from Linux 6.15 on; ok is false if it does not.
func ExitOf(pidfd, pid int, start uint64) (e Exit, ok bool) {
	if e, ok := zombieExit(pid, start); ok {
		return e, true
	}
	return reapedExit(pidfd)
}

// zombieExit returns the status of a process that has ended and was not yet reaped.
func zombieExit(pid int, start uint64) (e Exit, ok bool) {
	fields := stat(pid)
	if len(fields) <= statExit || fields[statState] != "Z" || fields[statStart] != strconv.FormatUint(start, 10) {
		return Exit{}, false
	}
	// Who may not know it is told 0; the same right decides about this link.
	if _, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/user"); errors.Is(err, fs.ErrPermission) {
		return Exit{}, false
	}
	status, err := strconv.ParseUint(fields[statExit], 10, 32)
	return ExitFrom(syscall.WaitStatus(status)), err == nil
}

// reapedExit returns the status of a process that was reaped.
func reapedExit(pidfd int) (e Exit, ok bool) {
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(pidfd), unix.PIDFD_GET_INFO, uintptr(unsafe.Pointer(&info)))
	if errno != 0 || info.Mask&unix.PIDFD_INFO_EXIT == 0 {
		return Exit{}, false
	}
	return ExitFrom(syscall.WaitStatus(info.Exit_code)), true
}

// ExitFrom returns the status of a process that was waited for. Its time and process are left to the caller.
func ExitFrom(status syscall.WaitStatus) Exit {
	if status.Signaled() {
		return Exit{Known: true, Signal: status.Signal()}
	}
	return Exit{Known: true, Code: status.ExitStatus()}
}

// SignalGroup sends a signal to the process group that the process behind the pidfd leads. pid is its number.
func SignalGroup(pidfd, pid int, signal syscall.Signal) error {
	err := unix.PidfdSendSignal(pidfd, signal, nil, unix.PIDFD_SIGNAL_PROCESS_GROUP)
	if err != unix.EINVAL {
		return err
	}
	// Before Linux 6.9. While the leader lives its number names no other group.
	if err := unix.PidfdSendSignal(pidfd, 0, nil, 0); err != nil {
		return err
	}
	return unix.Kill(-pid, signal)
}
