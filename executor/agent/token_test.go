package agent

import (
	"context"
	"io"
	"os"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/unixsocket"
)

// A client that read the token of an agent which has ended since asks the next one again.
func TestTokenOfTheNextAgent(t *testing.T) {
	home, err := os.MkdirTemp("", "token") // apps have to get there
	if err == nil {
		err = os.Chmod(home, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	client := Dial(home)
	end := served(t, home)
	if _, err := client.Version(t.Context()); err != nil {
		t.Fatal(err)
	}
	end()
	end = nil
	client.Start = func(string) error { // by now the request shows the token of the last agent
		if end == nil {
			if err := os.Remove(tokenPath(home)); err != nil {
				return err
			}
			end = served(t, home)
		}
		return nil
	}
	if _, err := client.Version(t.Context()); err != nil {
		t.Error(err)
	}
	end()
}

// served is an agent that answers until end is called.
func served(t *testing.T, home string) (end func()) {
	t.Helper()
	a, err := New(Options{Home: home, Program: "/recipe", Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Serve(ctx) }()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if conn, err := unixsocket.Dial(t.Context(), socketPath(home)); err == nil { // its file is there a moment before it listens
			conn.Close()
			break
		}
	}
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}
