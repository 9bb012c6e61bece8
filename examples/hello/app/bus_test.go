package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// TestBus plays the server on a real connection: login, a message there and back.
func TestBus(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	heard, served := make(chan string, 1), make(chan error, 1)
	b := newBus(listener.Addr().String(), "u", "p", "hello.said", func(text string) { heard <- text })
	go func() { served <- playServer(listener) }()
	go b.run(t.Context())
	if got := <-heard; got != "first" {
		t.Errorf("heard %q", got)
	}
	if err := b.publish("second"); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func playServer(listener net.Listener) error {
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	lines := bufio.NewReader(conn)
	fmt.Fprintf(conn, "INFO {}\r\n")
	for _, want := range []string{"CONNECT {", "SUB hello.said 1", "PING"} {
		if err := expect(lines, want); err != nil {
			return err
		}
	}
	fmt.Fprintf(conn, "PONG\r\nMSG hello.said 1 5\r\nfirst\r\nPING\r\n")
	// The answer to the ping and the message come from two goroutines, in either order.
	rest := make([]byte, len("PONG\r\n")+len("PUB hello.said 6\r\nsecond\r\n"))
	if _, err := io.ReadFull(lines, rest); err != nil {
		return err
	}
	if got := string(rest); !strings.Contains(got, "PONG\r\n") || !strings.Contains(got, "PUB hello.said 6\r\nsecond\r\n") {
		return fmt.Errorf("got %q", got)
	}
	return nil
}

func expect(lines *bufio.Reader, want string) error {
	line, err := lines.ReadString('\n')
	if err == nil && !strings.HasPrefix(line, want) {
		err = fmt.Errorf("got %q, want %q", line, want)
	}
	return err
}
