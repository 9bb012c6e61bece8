//go:build unix

package web

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// What peek finds.
const (
	peekNothing = iota
	peekData
	peekEnd
)

// peek looks at what comes next from a connection, without waiting and without taking it.
func peek(conn *net.TCPConn) (found int) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return peekEnd
	}
	found = peekEnd
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		n, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		switch {
		case err == nil && n > 0:
			found = peekData
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
			found = peekNothing
		}
	})
	if err != nil {
		return peekEnd
	}
	return found
}
