package check

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

const password = "s3cret-canary"

// within returns a context that ends well before the test does.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// wantError checks that err has all parts and no password.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %q, want %q in it", err, part)
		}
	}
	if strings.Contains(err.Error(), password) || len(err.Error()) > 300 {
		t.Errorf("the error holds the password or is long: %q", err)
	}
}

// eventually runs c as an agent does while its target starts, until it succeeds.
func eventually(t *testing.T, c Check) {
	t.Helper()
	ctx := within(t, time.Minute)
	for {
		err := c.Run(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("never succeeded: %v", err)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// speak serves each connection of a new port with f.
func speak(t *testing.T, f func(net.Conn)) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); f(conn) }()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// all returns every probe that opens a connection.
func all(port int) map[string]Check {
	return map[string]Check{
		"http":       HTTP{Port: port},
		"postgresql": PostgreSQL{Port: port, Username: "app1", Password: password, Database: "app1"},
		"redis":      Redis{Port: port, Username: "app1", Password: password},
		"nats":       NATS{Port: port, Username: "app1", Password: password},
	}
}

func TestNobodyListens(t *testing.T) {
	checks := all(freePort(t))
	checks["tcp"] = TCP{Port: checks["http"].(HTTP).Port}
	for name, c := range checks {
		t.Run(name, func(t *testing.T) {
			wantError(t, c.Run(t.Context()), "connection refused on port")
		})
	}
}

func TestServerIsSilent(t *testing.T) {
	port := speak(t, func(conn net.Conn) { conn.Read(make([]byte, 1<<10)); conn.Read(make([]byte, 1<<10)) })
	for name, c := range all(port) {
		t.Run(name, func(t *testing.T) {
			wantError(t, c.Run(within(t, 50*time.Millisecond)), "no answer in time from port")
		})
	}
}

func TestServerHangsUp(t *testing.T) {
	port := speak(t, func(net.Conn) {})
	for name, c := range all(port) {
		t.Run(name, func(t *testing.T) {
			wantError(t, c.Run(within(t, time.Minute)), "connection closed by port")
		})
	}
}

func TestTCP(t *testing.T) {
	if err := (TCP{Port: speak(t, func(net.Conn) {})}).Run(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	port := speak(t, func(conn net.Conn) { cancel(); conn.Read(make([]byte, 1)) })
	wantError(t, Redis{Port: port}.Run(ctx), "was cancelled")
}

func TestMain(m *testing.M) {
	os.Clearenv() // no variable of the machine steers a probe, and no probe needs one
	os.Exit(m.Run())
}
