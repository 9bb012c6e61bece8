// Package unixsocket opens unix sockets at paths of any length and tells who is at their other end.
//
// The kernel takes at most 107 bytes of path. On Linux a longer one is reached through the open directory:
// /proc/self/fd/7/agent.sock. Elsewhere it is an error.
package unixsocket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// Peer is the process at the other end of a connection.
type Peer struct {
	UID int
	PID int // 0 for one that the kernel does not show us
}

// Listen listens at path, for our own user only. A socket that a dead process left there is replaced; one that is
// answered is an error. Two processes that start at the same time need a lock of their own. The socket stays when
// the listener is closed: removing it could hit the socket of a successor.
func Listen(path string) (*net.UnixListener, error) {
	if err := clear(path); err != nil {
		return nil, fmt.Errorf("cannot listen at %s: %w", path, err)
	}
	short, done, err := shorten(path)
	if err != nil {
		return nil, fmt.Errorf("cannot listen at %s: %w", path, err)
	}
	defer done()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("cannot listen at %s: %w", path, cause(err))
	}
	l.SetUnlinkOnClose(false)
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Dial connects to the socket at path. If nobody listens there errors.Is finds fs.ErrNotExist or ECONNREFUSED in
// the error.
func Dial(ctx context.Context, path string) (*net.UnixConn, error) {
	short, done, err := shorten(path)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to %s: %w", path, err)
	}
	defer done()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", short)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to %s: %w", path, cause(err))
	}
	return conn.(*net.UnixConn), nil
}

// clear removes a socket that nobody answers.
func clear(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("there is a file that is no socket")
	}
	conn, err := Dial(context.Background(), path) // answers at once, whoever listens
	switch {
	case err == nil:
		return errors.Join(errors.New("another process listens there"), conn.Close())
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	}
	return err
}

// cause leaves out what package net says about the address: it may be a detour.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// shorten returns a path that the kernel takes and leads to the same place until done is called.
func shorten(path string) (short string, done func(), err error) {
	if len(path) <= maxPath {
		return path, func() {}, nil
	}
	dir, err := openDirectory(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	short = fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path))
	if len(short) > maxPath {
		return "", nil, errors.Join(errors.New("the name of the socket is too long"), dir.Close())
	}
	return short, func() { dir.Close() }, nil
}
