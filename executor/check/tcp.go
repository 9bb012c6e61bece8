package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
)

// TCP succeeds when something accepts connections on the port.
type TCP struct {
	Port int
}

// Run implements Check.
func (c TCP) Run(ctx context.Context) error {
	conn, err := dial(ctx, c.Port)
	if err != nil {
		return err
	}
	return conn.Close()
}

// dial opens a connection that is closed when ctx ends, whatever deadlines a protocol library sets on it.
func dial(ctx context.Context, port int) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp4", address(port))
	if err != nil {
		return nil, explain(ctx, port, err)
	}
	return &boundConn{Conn: conn, release: context.AfterFunc(ctx, func() { conn.Close() })}, nil
}

type boundConn struct {
	net.Conn
	release func() bool
}

func (c *boundConn) Close() error {
	c.release()
	return c.Conn.Close()
}

func address(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// explain puts an error of the connection to port into words; other errors are returned as they are.
func explain(ctx context.Context, port int, err error) error {
	var netErr net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("check of port %d was cancelled", port)
	case ctx.Err() != nil, errors.As(err, &netErr) && netErr.Timeout():
		return fmt.Errorf("no answer in time from port %d", port)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("connection refused on port %d", port)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fmt.Errorf("connection closed by port %d", port)
	}
	return err
}
