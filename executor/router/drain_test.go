package router

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"
)

// open connects to port and makes sure that the connection has reached its upstream.
func open(t *testing.T, port int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp4", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := askOn(conn, "x"); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestDrainWaitsForConnections(t *testing.T) {
	c, _ := run(t, t.TempDir())
	a, b, port := echo(t, "a"), echo(t, "b"), freePort(t)
	set(t, c, one(port, a.Addr().String()))
	conn := open(t, port)
	if open, err := c.Drain(t.Context(), a.Addr().String()); !errors.Is(err, ErrInTable) || open != 1 {
		t.Errorf("one that is in the table: got %d, %v", open, err)
	}
	set(t, c, one(port, b.Addr().String()))

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if open, err := c.Drain(ctx, a.Addr().String()); err != nil || open != 1 {
		t.Errorf("with a connection open: got %d, %v", open, err)
	}
	drained := make(chan error, 1)
	go func() {
		open, err := c.Drain(t.Context(), a.Addr().String())
		if open != 0 {
			err = fmt.Errorf("%d are open", open)
		}
		drained <- err
	}()
	if answer, err := askOn(conn, "still"); err != nil || answer != "a still" {
		t.Errorf("got %q, %v", answer, err)
	}
	select {
	case err := <-drained:
		t.Fatalf("drained under an open connection: %v", err)
	default:
	}
	conn.Close()
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if open, err := c.Drain(t.Context(), "127.0.0.1:1"); err != nil || open != 0 {
		t.Errorf("one that never was: got %d, %v", open, err)
	}
}

// An upstream that comes back to the table before its connections have ended is used again.
func TestDrainedUpstreamComesBack(t *testing.T) {
	c, _ := run(t, t.TempDir())
	a, port := echo(t, "a"), freePort(t)
	set(t, c, one(port, a.Addr().String()))
	conn := open(t, port)
	set(t, c, one(port))
	set(t, c, one(port, a.Addr().String()))
	wantAnswer(t, port, "a")
	conn.Close()
	set(t, c, one(port))
	if open, err := c.Drain(t.Context(), a.Addr().String()); err != nil || open != 0 {
		t.Errorf("got %d, %v", open, err)
	}
}

// After a drain nothing reaches the upstream, however the table was swapped under the clients: it may be stopped at
// once and none of them notices.
func TestDrainedUpstreamMayStop(t *testing.T) {
	c, _ := run(t, t.TempDir())
	port := freePort(t)
	stay := echo(t, "0").Addr().String()
	set(t, c, one(port, stay))
	requests, stop := load(t, port)
	for range 50 {
		leaving := fragile(t)
		set(t, c, one(port, stay, leaving.Addr().String()))
		seen := requests.Load()
		eventually(t, func() bool { return requests.Load() > seen+8 })
		set(t, c, one(port, stay))
		if open, err := c.Drain(t.Context(), leaving.Addr().String()); err != nil || open != 0 {
			t.Fatalf("got %d, %v", open, err)
		}
		leaving.stop()
	}
	stop()
}

// fragileUpstream answers as echo does, and can be stopped with all of its connections.
type fragileUpstream struct {
	net.Listener
	stop func()
}

func fragile(t *testing.T) fragileUpstream {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stop := func() { cancel(); l.Close() }
	t.Cleanup(stop)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { conn.(*net.TCPConn).SetLinger(0); conn.Close() })
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					fmt.Fprintf(conn, "1 %s\n", lines.Text())
				}
			}()
		}
	}()
	return fragileUpstream{l, stop}
}
