package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// largest is the most bytes of a message that are taken.
const largest = 1 << 20

// bus speaks the NATS protocol with a server: lines of text, and after PUB and MSG as many bytes as they say. It
// publishes and receives one subject.
type bus struct {
	address, username, password string
	subject                     string
	receive                     func(text string) // called for each message, from one goroutine

	mu   sync.Mutex
	conn net.Conn // nil while there is none
}

func newBus(address, username, password, subject string, receive func(string)) *bus {
	return &bus{address: address, username: username, password: password, subject: subject, receive: receive}
}

// run keeps a connection until ctx ends: when it breaks, the next one is tried.
func (b *bus) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := b.follow(ctx); ctx.Err() == nil {
			log.Printf("the bus is gone: %s", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// connected tells whether there is a connection.
func (b *bus) connected() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.conn != nil
}

// publish sends text to all who listen, ourselves among them.
func (b *bus) publish(text string) error {
	return b.write(fmt.Sprintf("PUB %s %d\r\n%s\r\n", b.subject, len(text), text))
}

func (b *bus) write(frame string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn == nil {
		return errors.New("the bus is not connected")
	}
	if err := b.conn.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	_, err := io.WriteString(b.conn, frame)
	return err
}

// follow logs in and receives until the connection breaks.
func (b *bus) follow(ctx context.Context) error {
	conn, err := (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, "tcp", b.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	lines := bufio.NewReader(conn)
	if err := b.login(conn, lines); err != nil {
		return err
	}
	b.set(conn)
	defer b.set(nil)
	log.Print("connected to the bus")
	for {
		// The server asks every two minutes whether we are there. A line that stays away longer means it is not.
		if err := conn.SetReadDeadline(time.Now().Add(5 * time.Minute)); err != nil {
			return err
		}
		if err := b.next(lines); err != nil {
			return err
		}
	}
}

func (b *bus) set(conn net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.conn = conn
}

// login waits for the server's answer to a ping: it comes after whatever the server has against us.
func (b *bus) login(conn net.Conn, lines *bufio.Reader) error {
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	user, err := json.Marshal(map[string]any{"verbose": false, "name": "hello", "lang": "go", "version": "1", "user": b.username, "pass": b.password})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(conn, "CONNECT %s\r\nSUB %s 1\r\nPING\r\n", user, b.subject); err != nil {
		return err
	}
	for {
		switch line, err := lines.ReadString('\n'); {
		case err != nil:
			return err
		case strings.HasPrefix(line, "PONG"):
			return conn.SetDeadline(time.Time{})
		case strings.HasPrefix(line, "-ERR"):
			return errors.New("it says " + strings.TrimSpace(line))
		}
	}
}

// next handles one line of the server, and the message that comes with it.
func (b *bus) next(lines *bufio.Reader) error {
	line, err := lines.ReadString('\n')
	if err != nil {
		return err
	}
	words := strings.Fields(line)
	switch {
	case len(words) == 0:
		return nil
	case words[0] == "PING":
		return b.write("PONG\r\n")
	case words[0] == "-ERR":
		return errors.New("it says " + strings.TrimSpace(line))
	case words[0] != "MSG":
		return nil
	}
	size, err := strconv.Atoi(words[len(words)-1])
	if err != nil || size < 0 || size > largest {
		return fmt.Errorf("it sent a message of %s bytes", words[len(words)-1])
	}
	text := make([]byte, size+2) // the end of the line belongs to it
	if _, err := io.ReadFull(lines, text); err != nil {
		return err
	}
	b.receive(string(text[:size]))
	return nil
}
