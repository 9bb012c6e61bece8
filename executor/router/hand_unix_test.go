//go:build unix

package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/router/web"
)

// successor starts a router where one runs, and returns how that one ends.
func successor(t *testing.T, dir, build string) (done chan error, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done = make(chan error, 1)
	go func() { done <- Serve(ctx, dir, build) }()
	t.Cleanup(cancel)
	c := Dial(dir)
	defer c.Close()
	eventually(t, func() bool { stats, err := c.Stats(t.Context()); return err == nil && stats.Build == build })
	return done, cancel
}

// One router after the other takes over while clients connect to an endpoint and to a route, on new connections and on
// kept ones. No request fails, nothing is refused, and each router ends by itself.
func TestHandoverLosesNothing(t *testing.T) {
	dir, port, front := t.TempDir(), freePort(t), freePort(t)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	t.Cleanup(app.Close)
	done, _ := successor(t, dir, "0")
	c := Dial(dir)
	t.Cleanup(c.Close)
	set(t, c, Table{
		Endpoints: []Endpoint{{Name: "db", Port: port, Upstreams: []string{echo(t, "a").Addr().String()}}},
		Routes:    []web.Route{{Name: "shop", Host: "shop.localhost", Path: "/", Upstreams: []string{app.Listener.Addr().String()}}},
		Fronts:    []Front{{Name: "http", Address: fmt.Sprint("127.0.0.1:", front)}},
	})
	requests, stop := load(t, port)
	pages, stopPages := pageLoad(t, front)
	for i := range 10 {
		next, _ := successor(t, dir, fmt.Sprint(i+1))
		before, beforePages := requests.Load(), pages.Load()
		eventually(t, func() bool { return requests.Load() > before+20 && pages.Load() > beforePages+20 })
		if err := <-done; !errors.Is(err, ErrRetired) {
			t.Fatalf("the router before ended with %v", err)
		}
		done = next
	}
	stop()
	stopPages()
	t.Logf("%d connections and %d requests", requests.Load(), pages.Load())
}

// What an elder still carries counts when an upstream is drained, and an elder knows the new table.
func TestEldersAreDrainedToo(t *testing.T) {
	dir, port := t.TempDir(), freePort(t)
	a, b := echo(t, "a"), echo(t, "b")
	first, _ := successor(t, dir, "1")
	c := Dial(dir)
	t.Cleanup(c.Close)
	set(t, c, one(port, a.Addr().String()))
	conn := open(t, port)
	second, _ := successor(t, dir, "2")
	third, stop := successor(t, dir, "3")
	if report := set(t, c, one(port, b.Addr().String())); report.Err("db") != nil {
		t.Fatal(report.Err("db"))
	}
	wantAnswer(t, port, "b")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if open, err := c.Drain(ctx, a.Addr().String()); err != nil || open != 1 {
		t.Errorf("got %d, %v; the first of three routers has a connection", open, err)
	}
	if answer, err := askOn(conn, "still"); err != nil || answer != "a still" {
		t.Errorf("got %q, %v", answer, err)
	}
	conn.Close()
	if open, err := c.Drain(t.Context(), a.Addr().String()); err != nil || open != 0 {
		t.Errorf("got %d, %v", open, err)
	}
	for _, done := range []chan error{first, second} {
		if err := <-done; !errors.Is(err, ErrRetired) {
			t.Errorf("an elder ended with %v", err)
		}
	}
	wantAnswer(t, port, "b")
	stop()
	if err := <-third; err != nil {
		t.Errorf("the last one ended with %v", err)
	}
}
