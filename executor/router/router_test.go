package router

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// run starts a router in dir and returns a client of it and a function that ends the router.
func run(t *testing.T, dir string) (*Client, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, dir, "test") }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the router ended with %v", err)
		}
	}
	t.Cleanup(stop)
	c := Dial(dir)
	t.Cleanup(c.Close)
	eventually(t, func() bool { _, err := c.Stats(t.Context()); return err == nil })
	return c, stop
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); <-time.After(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen in time")
		}
	}
}

func set(t *testing.T, c *Client, table Table) Report {
	t.Helper()
	report, err := c.SetTable(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	if report.Unsaved != "" {
		t.Errorf("the table was not saved: %s", report.Unsaved)
	}
	return report
}

// one is a table with one endpoint.
func one(port int, upstreams ...string) Table {
	return Table{Endpoints: []Endpoint{{Name: "db", Port: port, Upstreams: upstreams}}}
}

// echo answers each line with its name and the line, until the end of the connection.
func echo(t *testing.T, name string) *net.TCPListener {
	t.Helper()
	return echoAt(t, name, "127.0.0.1:0")
}

func echoAt(t *testing.T, name, address string) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp4", address)
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
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					fmt.Fprintf(conn, "%s %s\n", name, lines.Text())
				}
			}()
		}
	}()
	return l.(*net.TCPListener)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// ask sends a line on a connection of its own and returns the answer.
func ask(port int, line string) (string, error) {
	conn, err := net.Dial("tcp4", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return askOn(conn, line)
}

func askOn(conn net.Conn, line string) (string, error) {
	conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := fmt.Fprintln(conn, line); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(answer), err
}

func wantAnswer(t *testing.T, port int, want string) {
	t.Helper()
	if got, err := ask(port, "hello"); err != nil || got != want+" hello" {
		t.Errorf("got %q, %v; want %s", got, err, want)
	}
}

func TestForwardsInTurn(t *testing.T) {
	c, _ := run(t, t.TempDir())
	a, b, port := echo(t, "a"), echo(t, "b"), freePort(t)
	if report := set(t, c, one(port, a.Addr().String(), b.Addr().String())); report.Err("db") != nil {
		t.Fatal(report.Err("db"))
	}
	count := map[string]int{}
	for range 10 {
		answer, err := ask(port, "x")
		if err != nil {
			t.Fatal(err)
		}
		count[answer]++
	}
	if count["a x"] != 5 || count["b x"] != 5 {
		t.Errorf("the turns were not kept: %v", count)
	}
	stats, err := c.Stats(t.Context())
	if err != nil || len(stats.Endpoints) != 1 || stats.Endpoints[0].Accepted != 10 || stats.Endpoints[0].Ready != 2 {
		t.Errorf("got %+v, %v", stats, err)
	}
}

func TestNextUpstreamWhenOneIsDead(t *testing.T) {
	c, _ := run(t, t.TempDir())
	a, b, port := echo(t, "a"), echo(t, "b"), freePort(t)
	set(t, c, one(port, a.Addr().String(), b.Addr().String()))
	a.Close()
	for range 4 {
		wantAnswer(t, port, "b")
	}
}

func TestWaitsForAnUpstream(t *testing.T) {
	c, _ := run(t, t.TempDir())
	port := freePort(t)
	set(t, c, one(port))
	answers := make(chan string, 1)
	go func() {
		answer, _ := ask(port, "early")
		answers <- answer
	}()
	eventually(t, func() bool {
		stats, err := c.Stats(t.Context())
		return err == nil && stats.Endpoints[0].Waiting == 1
	})
	set(t, c, one(port, echo(t, "a").Addr().String()))
	if answer := <-answers; answer != "a early" {
		t.Errorf("got %q", answer)
	}
}

func TestWaitsForARestartInPlace(t *testing.T) {
	c, _ := run(t, t.TempDir())
	a, port := echo(t, "old"), freePort(t)
	address := a.Addr().String()
	set(t, c, one(port, address))
	a.Close()
	answers := make(chan string, 1)
	go func() {
		answer, _ := ask(port, "hello")
		answers <- answer
	}()
	eventually(t, func() bool {
		stats, err := c.Stats(t.Context())
		return err == nil && stats.Endpoints[0].Waiting == 1
	})
	echoAt(t, "new", address)
	if answer := <-answers; answer != "new hello" {
		t.Errorf("got %q", answer)
	}
}

func TestWaitingEnds(t *testing.T) {
	c, _ := run(t, t.TempDir())
	table := one(freePort(t))
	table.Wait = 50 * time.Millisecond
	set(t, c, table)
	if answer, err := ask(table.Endpoints[0].Port, "x"); err == nil {
		t.Errorf("got %q without an upstream", answer)
	}
	table.Wait = time.Hour
	set(t, c, table)
	failed := make(chan error, 1)
	go func() {
		_, err := ask(table.Endpoints[0].Port, "x")
		failed <- err
	}()
	eventually(t, func() bool {
		stats, err := c.Stats(t.Context())
		return err == nil && stats.Endpoints[0].Waiting == 1
	})
	set(t, c, Table{})
	if err := <-failed; err == nil {
		t.Error("a connection outlived its endpoint without an upstream")
	}
}

func TestConnectionsOutliveTheirUpstreamsPlace(t *testing.T) {
	c, _ := run(t, t.TempDir())
	a, b, port := echo(t, "a"), echo(t, "b"), freePort(t)
	set(t, c, one(port, a.Addr().String()))
	conn, err := net.Dial("tcp4", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, table := range []Table{one(port, a.Addr().String()), one(port, b.Addr().String()), {}} {
		set(t, c, table)
		if answer, err := askOn(conn, "hello"); err != nil || answer != "a hello" {
			t.Errorf("got %q, %v", answer, err)
		}
	}
	if _, err := ask(port, "hello"); err == nil {
		t.Error("an endpoint that left the table still listens")
	}
}

func TestTableSurvivesTheRouter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	c, stop := run(t, dir)
	a, port := echo(t, "a"), freePort(t)
	set(t, c, one(port, a.Addr().String()))
	stop()
	c, stop = run(t, dir)
	wantAnswer(t, port, "a")
	set(t, c, one(port, a.Addr().String())) // the client finds the new router
	stop()

	path := filepath.Join(dir, "table")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := strings.Replace(string(content), fmt.Sprint(port), fmt.Sprint(port+1), 1)
	if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _ = run(t, dir)
	if stats, err := c.Stats(t.Context()); err != nil || len(stats.Endpoints) != 0 {
		t.Errorf("a damaged table was taken: %+v, %v", stats, err)
	}
}

func TestTakenPortIsNamedAndTriedAgain(t *testing.T) {
	c, _ := run(t, t.TempDir())
	taken, a := echo(t, "thief"), echo(t, "a")
	port := taken.Addr().(*net.TCPAddr).Port
	report := set(t, c, one(port, a.Addr().String()))
	want := fmt.Sprintf("cannot listen on port %d for db: port %d is taken by this process", port, port)
	if err := report.Err("db"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if stats, err := c.Stats(t.Context()); err != nil || stats.Endpoints[0].Error == "" {
		t.Errorf("got %+v, %v", stats, err)
	}
	taken.Close()
	eventually(t, func() bool { answer, err := ask(port, "x"); return err == nil && answer == "a x" })
}

func TestBadTablesAreRefused(t *testing.T) {
	c, _ := run(t, t.TempDir())
	for want, endpoints := range map[string][]Endpoint{
		"there twice":            {{Name: "a", Port: 20001}, {Name: "a", Port: 20002}},
		"have the same port":     {{Name: "a", Port: 20001}, {Name: "b", Port: 20001}},
		"is not a port":          {{Name: "a"}},
		"is not host:port":       {{Name: "a", Port: 20001, Upstreams: []string{"x"}}},
		"has no port":            {{Name: "a", Port: 20001, Upstreams: []string{"127.0.0.1:x"}}},
		"is the endpoint itself": {{Name: "a", Port: 20001, Upstreams: []string{"127.0.0.1:20001"}}},
	} {
		if _, err := c.SetTable(t.Context(), Table{Endpoints: endpoints}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
