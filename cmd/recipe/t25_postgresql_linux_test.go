package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/nsynapse/recipe/executor/torture"
)

const replicatedStack = `
stack "data" {}
middleware "main" {
  package = "postgresql"
  backups = 1
  inputs  = { sync = true }
}
app "user" {
  source = "./user"
}
`

// The app does nothing but hand over what it was given.
const replicatedRecipe = `
package {
  name    = "test/user"
  version = "1.0.0"
}
requires "database" { service = "postgresql" }
step "hand" {
  command = ["/bin/sh", "-euc", "echo \"$DATABASE_URL\" > $SHARED/url"]
}
sandbox { write = ["$SHARED"] }
`

// TestT25NoCommitIsLost kills the primary of PostgreSQL again and again while a client writes, every other time together
// with the agent. What it was told is committed is there in the end.
func TestT25NoCommitIsLost(t *testing.T) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_basebackup"); found == nil {
		t.Skip("needs PostgreSQL: a machine that has it also has the sources of its packages")
	}
	if testing.Short() || torture.RaceDetector {
		t.Skip("installs PostgreSQL, and under the race detector that takes minutes")
	}
	t.Parallel()
	rounds := torture.Pick(2, 20)
	p := newPlace(t)
	p.write("stack.hcl", replicatedStack)
	p.write("user/recipe.hcl", replicatedRecipe)
	p.mustRecipe("apply", "-auto-approve")
	w := p.newWriter()
	for n := range rounds {
		was, _ := p.pair("middleware.main", 1)
		before := w.acknowledged.Load()
		p.await("rows are acknowledged", func() bool { return w.acknowledged.Load() > before+50 })
		if n%2 == 1 {
			p.must(syscall.Kill(p.agentPID(), syscall.SIGKILL))
		}
		p.must(syscall.Kill(was.PID, syscall.SIGKILL))
		if n%2 == 1 {
			p.mustRecipe("ps") // begins another agent
		}
		p.again("data", was.Address)
		if now, _ := p.pair("middleware.main", 1); now.Address == was.Address {
			t.Fatalf("%s was killed and is primary again", was.Address)
		}
	}
	if back := p.said(rewound); back != rounds {
		t.Errorf("%d primaries were lost, and %d came back by what has changed", rounds, back)
	}
	p.fitting()
	p.foreign()
	rows, longest := w.end()
	p.mustRecipe("destroy", "-auto-approve", "-backup=false")
	torture.Report(t, "T25", "%d primaries of PostgreSQL killed under a writer, every other one with the agent: 0 of %d acknowledged commits lost; the longest pause between two was %s",
		rounds, rows, longest.Round(time.Millisecond))
}

// What the recipe says of how a backup came to follow.
const (
	copied  = "becomes a copy"
	rewound = "has gone back"
)

// said is how often an instance of the middleware said so.
func (p *place) said(what string) int {
	p.Helper()
	return strings.Count(p.mustRecipe("logs", "-n", "100000", "middleware.main"), what)
}

// fitting starts the primary and its backup again, which go on as they are, though the primary has another token.
func (p *place) fitting() {
	p.Helper()
	before := p.said(copied) + p.said(rewound)
	primary, backups := p.pair("middleware.main", 1)
	p.mustRecipe("stop", backups[0].Address) // so that the primary stays it
	p.mustRecipe("restart", primary.Address)
	p.mustRecipe("start", backups[0].Address)
	if p.pair("middleware.main", 1); p.said(copied)+p.said(rewound) != before {
		p.Error("the primary was started again, and a backup that fits it was made anew")
	}
}

// foreign loses primaries whose data the next one does not come from, or that were found half way to it: they are copied.
func (p *place) foreign() {
	p.Helper()
	for name, spoil := range map[string]func(data string) error{
		"a promotion that the other one knows nothing of": func(data string) error {
			return os.WriteFile(filepath.Join(data, "cluster", "era"), []byte("of somebody else\n"), 0o644)
		},
		"half way": func(data string) error { return os.WriteFile(filepath.Join(data, "rewinding"), nil, 0o644) },
	} {
		before := p.said(copied)
		primary, _ := p.pair("middleware.main", 1)
		_, index, _ := strings.Cut(primary.Address, "[")
		index, _, _ = strings.Cut(index, "]")
		p.must(spoil(filepath.Join(p.home, "stacks", "data", "instances", "main."+index, "data")))
		p.must(syscall.Kill(primary.PID, syscall.SIGKILL))
		p.again("data", primary.Address)
		p.pair("middleware.main", 1)
		if p.said(copied) == before { // more than once if it was started again in the middle of it
			p.Errorf("%s: it was not copied", name)
		}
	}
}

// writer inserts one number after the other, each in a transaction of its own, and goes on after an error.
type writer struct {
	p            *place
	url          string
	acknowledged atomic.Int64
	rows         []int // that were acknowledged
	longest      time.Duration
	stop         chan struct{}
	done         sync.WaitGroup
}

func (p *place) newWriter() *writer {
	p.Helper()
	url, err := os.ReadFile(filepath.Join(p.shared, "url"))
	p.must(err)
	w := &writer{p: p, url: strings.TrimSpace(string(url)), stop: make(chan struct{})}
	conn := w.connect()
	_, err = conn.Exec(context.Background(), "CREATE TABLE written (n int PRIMARY KEY)")
	p.must(err)
	w.done.Go(func() { w.write(conn) })
	return w
}

func (w *writer) connect() *pgx.Conn {
	for {
		conn, err := pgx.Connect(context.Background(), w.url)
		if err == nil {
			return conn
		}
		select {
		case <-w.stop:
			return nil
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (w *writer) write(conn *pgx.Conn) {
	last := time.Now()
	for n := 0; conn != nil; n++ {
		select {
		case <-w.stop:
			_ = conn.Close(context.Background())
			return
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), scriptPatience)
		_, err := conn.Exec(ctx, "INSERT INTO written VALUES ($1)", n)
		cancel()
		if err != nil { // nobody knows whether it is there
			_ = conn.Close(context.Background())
			conn = w.connect()
			continue
		}
		w.longest, last = max(w.longest, time.Since(last)), time.Now()
		w.rows = append(w.rows, n)
		w.acknowledged.Add(1)
	}
}

// end stops the writer and demands that all that was acknowledged is there.
func (w *writer) end() (rows int, longest time.Duration) {
	w.p.Helper()
	close(w.stop)
	w.done.Wait()
	conn, err := pgx.Connect(context.Background(), w.url)
	w.p.must(err)
	defer conn.Close(context.Background())
	found, err := conn.Query(context.Background(), "SELECT n FROM written")
	w.p.must(err)
	there := map[int]bool{}
	list, err := pgx.CollectRows(found, pgx.RowTo[int])
	w.p.must(err)
	for _, n := range list {
		there[n] = true
	}
	for _, n := range w.rows {
		if !there[n] {
			w.p.Errorf("row %d was acknowledged and is lost", n)
		}
	}
	return len(w.rows), w.longest
}
