package unixsocket

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// maxPath is the size of sockaddr_un.sun_path without its closing zero.
const maxPath = 107

func openDirectory(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// PeerUID returns the user id of the process that opened the other end of conn, as the kernel noted it then.
func PeerUID(conn *net.UnixConn) (int, error) {
	peer, err := PeerOf(conn)
	return peer.UID, err
}

// PeerOf returns the process that opened the other end of conn, as the kernel noted it then.
func PeerOf(conn *net.UnixConn) (Peer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return Peer{}, err
	}
	var peer *unix.Ucred
	var peerErr error
	if err := raw.Control(func(fd uintptr) {
		peer, peerErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return Peer{}, err
	}
	if peerErr != nil {
		return Peer{}, fmt.Errorf("cannot tell who is at the other end: %w", peerErr)
	}
	return Peer{UID: int(peer.Uid), PID: int(peer.Pid)}, nil
}
