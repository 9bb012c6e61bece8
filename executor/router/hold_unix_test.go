//go:build unix

package router

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nsynapse/recipe/executor/router/web"
	"github.com/nsynapse/recipe/executor/unixsocket"
)

// mortal starts a router as a process of its own, and returns what kills it with -9 and waits for its end.
func mortal(t *testing.T, dir string) (kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	t.Cleanup(kill)
	c := Dial(dir)
	defer c.Close()
	eventually(t, func() bool { stats, err := c.Stats(t.Context()); return err == nil && stats.PID == cmd.Process.Pid })
	return kill
}

// bring gives the router a table as the agent does.
func bring(t *testing.T, c *Client, h *Holder, table Table) Report {
	t.Helper()
	h.Drop(table)
	report := set(t, c, table)
	if err := h.Hold(t.Context(), table, report); err != nil {
		t.Fatal(err)
	}
	return report
}

// agentOf is what an agent has of the router in dir.
func agentOf(t *testing.T, dir string) (*Client, *Holder) {
	c, h := Dial(dir), NewHolder(dir)
	t.Cleanup(c.Close)
	t.Cleanup(h.Close)
	return c, h
}

// free reports whether nothing listens on a port.
func free(port int) bool {
	l, err := net.Listen("tcp4", fmt.Sprint("127.0.0.1:", port))
	if err == nil {
		l.Close()
	}
	return err == nil
}

// freePorts are n ports, each another one.
func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// A router is killed with -9 again and again. Who connects while none runs, to an endpoint or to a front, is answered by the next one.
func TestKilledRouterRefusesNobody(t *testing.T) {
	dir, ports := t.TempDir(), freePorts(t, 2*descriptors+4)
	front := ports[0]
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "page") }))
	t.Cleanup(app.Close)
	kill := mortal(t, dir)
	c, h := agentOf(t, dir)
	table := Table{
		Routes: []web.Route{{Name: "shop", Host: "shop.localhost", Path: "/", Upstreams: []string{app.Listener.Addr().String()}}},
		Fronts: []Front{{Name: "http", Address: fmt.Sprint("127.0.0.1:", front)}},
	}
	a := echo(t, "a").Addr().String()
	for _, port := range ports[1:] {
		table.Endpoints = append(table.Endpoints, Endpoint{Name: fmt.Sprint("e", port), Port: port, Upstreams: []string{a}})
	}
	if report := bring(t, c, h, table); len(report.Failed) > 0 {
		t.Fatal(report.Failed)
	}
	for range 3 {
		kill()
		var waiting []net.Conn
		for _, e := range table.Endpoints {
			conn, err := net.Dial("tcp4", fmt.Sprint("127.0.0.1:", e.Port))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			waiting = append(waiting, conn)
		}
		page, err := net.Dial("tcp4", fmt.Sprint("127.0.0.1:", front))
		if err != nil {
			t.Fatal(err)
		}
		defer page.Close()
		kill = mortal(t, dir)
		for _, conn := range waiting {
			if answer, err := askOn(conn, "hello"); err != nil || answer != "a hello" {
				t.Fatalf("got %q, %v", answer, err)
			}
		}
		page.SetDeadline(time.Now().Add(time.Minute))
		io.WriteString(page, "GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
		if response, err := http.ReadResponse(bufio.NewReader(page), nil); err != nil || response.StatusCode != 200 {
			t.Fatalf("got %v, %v", response, err)
		}
	}
}

// What leaves the table is free when the router has said so, and what is new is kept, also after the router was killed or has given
// way to another one.
func TestHeldPortsFollowTheTable(t *testing.T) {
	dir, a := t.TempDir(), echo(t, "a").Addr().String()
	kill := mortal(t, dir)
	c, h := agentOf(t, dir)
	before := freePort(t)
	bring(t, c, h, one(before, a))
	for i := range 5 {
		port := freePort(t)
		switch i {
		case 1:
			kill()
			kill = mortal(t, dir)
		case 2:
			kill = mortal(t, dir) // takes over
		}
		bring(t, c, h, one(port, a))
		if !free(before) {
			t.Fatalf("%d: a port that left the table is taken", i)
		}
		kill()
		if free(port) {
			t.Fatalf("%d: a port is not kept", i)
		}
		kill = mortal(t, dir)
		wantAnswer(t, port, "a")
		before = port
	}
	bring(t, c, h, Table{})
	if !free(before) {
		t.Error("a port that left the table is taken")
	}
}

// Copies are kept for some time only when no router comes, and for ever when one does.
func TestHoldingEnds(t *testing.T) {
	dir, port, a := t.TempDir(), freePort(t), echo(t, "a").Addr().String()
	kill := mortal(t, dir)
	c, h := agentOf(t, dir)
	bring(t, c, h, one(port, a))
	kill()
	held := func() bool { return !free(port) }
	synctest.Test(t, func(t *testing.T) {
		h.Await()
		time.Sleep(holdFor - 1)
		h.Await() // it still does not accept
		if !held() {
			t.Error("let go too early")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if held() {
			t.Error("not let go")
		}
		h.giveUp = nil // of the bubble
	})
	mortal(t, dir)
	report := set(t, c, one(port, a))
	synctest.Test(t, func(t *testing.T) {
		h.Await()
		if _, err := h.served(one(port).handles()); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * holdFor)
	})
	if err := h.Hold(t.Context(), one(port, a), report); err != nil {
		t.Fatal(err)
	}
	if len(h.copies) != 1 {
		t.Errorf("it has %d copies", len(h.copies))
	}
	h.End()
	wantAnswer(t, port, "a")
	if err := h.Hold(t.Context(), one(port, a), report); err != nil || len(h.copies) != 1 {
		t.Errorf("after its end it has %d copies, %v", len(h.copies), err)
	}
}

// A router that could not get the copies has the ports when the agent has heard that they fail.
func TestCopiesThatAreNotTaken(t *testing.T) {
	dir, port, a := t.TempDir(), freePort(t), echo(t, "a").Addr().String()
	kill := mortal(t, dir)
	c, h := agentOf(t, dir)
	bring(t, c, h, one(port, a))
	kill()
	if err := os.Remove(filepath.Join(dir, holdName)); err != nil {
		t.Fatal(err)
	}
	mortal(t, dir)
	if report := bring(t, c, h, one(port, a)); report.Err("db") == nil {
		t.Fatal("it listens where a copy is")
	}
	eventually(t, func() bool { answer, err := ask(port, "x"); return err == nil && answer == "a x" })
}

// Who cannot read the token gets nothing.
func TestCopiesAreForOwnRouters(t *testing.T) {
	dir, port := t.TempDir(), freePort(t)
	mortal(t, dir)
	c, h := agentOf(t, dir)
	bring(t, c, h, one(port))
	if held(dir).endpoints[port] == nil {
		t.Error("with the token: no listener")
	}
	for _, name := range []string{holdName, socketName} {
		conn, err := unixsocket.Dial(t.Context(), filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Minute))
		if _, fds, err := fetch(conn, t.TempDir(), "copies", []byte("[]")); err == nil || len(fds) > 0 {
			t.Errorf("%s: got %d descriptors, %v", name, len(fds), err)
		}
	}
	h.Close()
	if conn, err := unixsocket.Dial(t.Context(), filepath.Join(dir, holdName)); !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close: got %v, %v", conn, err)
	}
}
