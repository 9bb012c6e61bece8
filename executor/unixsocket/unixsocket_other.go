//go:build !linux

package unixsocket

import (
	"errors"
	"net"
	"os"
)

// maxPath is what the least generous of the other systems takes.
const maxPath = 103

func openDirectory(string) (*os.File, error) {
	return nil, errors.New("a path of this length works on Linux only")
}

// PeerOf tells who is at the other end on Linux only.
func PeerOf(*net.UnixConn) (Peer, error) {
	return Peer{}, errors.New("telling who is at the other end works on Linux only")
}

// PeerUID tells who is at the other end on Linux only.
func PeerUID(*net.UnixConn) (int, error) {
	return 0, errors.New("telling who is at the other end works on Linux only")
}
