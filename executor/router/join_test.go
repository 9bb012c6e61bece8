package router

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// both returns the two ends of a connection through a router.
func both(t *testing.T) (client, server *net.TCPConn) {
	t.Helper()
	c, _ := run(t, t.TempDir())
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := freePort(t)
	set(t, c, one(port, l.Addr().String()))
	near, err := net.Dial("tcp4", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near.(*net.TCPConn), far.(*net.TCPConn)
}

func TestHalfCloseIsPassedOn(t *testing.T) {
	client, server := both(t)
	if _, err := client.Write([]byte("question")); err != nil {
		t.Fatal(err)
	}
	client.CloseWrite()
	if got, err := io.ReadAll(server); err != nil || string(got) != "question" {
		t.Fatalf("got %q, %v", got, err)
	}
	if _, err := server.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	server.Close()
	if got, err := io.ReadAll(client); err != nil || string(got) != "answer" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestResetIsPassedOn(t *testing.T) {
	client, server := both(t)
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	server.Read(make([]byte, 1)) // now the router is done with connecting, and a reset is no failure to connect
	reset(server)
	client.SetDeadline(time.Now().Add(time.Minute))
	if _, err := client.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a reset arrived as %v", err)
	}
}
