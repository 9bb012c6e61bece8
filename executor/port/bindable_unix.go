//go:build unix

package port

import (
	"os"
	"syscall"
)

// bindable tries whether p could be listened on right now. It binds the port and does not listen, so that a program that
// listens there at this very moment is not disturbed. As in all servers SO_REUSEADDR is set: connections of a former owner
// that rest in TIME_WAIT do not count, while a listener on any local address does.
func bindable(p int) error {
	syscall.ForkLock.RLock() // no child must inherit it
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer syscall.Close(fd)
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	return os.NewSyscallError("bind", syscall.Bind(fd, &syscall.SockaddrInet4{Port: p, Addr: [4]byte{127, 0, 0, 1}}))
}
