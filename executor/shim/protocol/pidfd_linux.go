package protocol

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ExitOf returns how the process behind the pidfd ended, though it need not be our child. It is known only after its
// parent has taken the status, and only from Linux 6.15 on; ok is false otherwise.
func ExitOf(pidfd int) (e Exit, ok bool) {
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
