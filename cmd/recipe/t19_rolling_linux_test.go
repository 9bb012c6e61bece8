package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
)

// T19: an app is updated again and again while clients that never retry ask it without a pause, each with a new connection
// and over one that stays open. Not one request fails, and the answer after an update is the new one's. In some of the
// updates the agent is killed: the next one goes on, and still nothing fails.

func TestT19RollingUpdatesOfOneInstance(t *testing.T) { rollUnderLoad(t, 1, false) }

func TestT19RollingUpdatesOfThreeInstances(t *testing.T) { rollUnderLoad(t, 3, false) }

func TestT19RollingUpdatesWithTheAgentKilled(t *testing.T) { rollUnderLoad(t, 2, true) }

func rollUnderLoad(t *testing.T, instances int, kill bool) {
	t.Parallel()
	updates := torture.PickRaced(2, 5, 50)
	p := newPlace(t)
	p.write("stack.hcl", fmt.Sprintf(rollingStack, instances, "300ms"))
	p.write("web/recipe.hcl", rollingRecipe)
	p.mustRecipe("apply", "-auto-approve", "-var=text=0")
	load := newLoad(t, strings.TrimSpace(p.mustRecipe("output", "url")))
	kills, random := 0, torture.Random(t)
	for n := 1; n <= updates; n++ {
		before := load.answers.Load()
		if kill {
			kills += p.updateKilled(n, random)
		}
		p.mustRecipe("apply", "-auto-approve", fmt.Sprint("-var=text=", n))
		load.expect(fmt.Sprintf("text %d", n))
		p.await("requests are answered during an update", func() bool { return load.answers.Load() > before })
		if pids := p.appPIDs(); len(pids) != instances {
			t.Errorf("after update %d there are %d processes for %d instances: %v", n, len(pids), instances, pids)
		}
		if t.Failed() {
			break
		}
	}
	requests, failed := load.end()
	if failed > 0 {
		t.Errorf("%d of %d requests failed", failed, requests)
	}
	p.mustRecipe("destroy", "-auto-approve")
	torture.Report(t, "T19", "%d rolling updates of %d instances, the agent killed in %d of them, under %d clients that never retry: 0 of %d requests failed",
		updates, instances, kills, loadClients, requests)
}

func TestT19RestartsOfOneInstance(t *testing.T) { restartUnderLoad(t, 1, torture.PickRaced(1, 3, 30)) }

func TestT19RestartsOfTwoInstances(t *testing.T) { restartUnderLoad(t, 2, torture.PickRaced(1, 3, 30)) }

// restartUnderLoad is rollUnderLoad for recipe restart, and with several instances for recipe stop of one.
func restartUnderLoad(t *testing.T, instances, restarts int) {
	t.Parallel()
	p := newPlace(t)
	p.write("stack.hcl", fmt.Sprintf(rollingStack, instances, "1s"))
	p.write("web/recipe.hcl", rollingRecipe)
	p.mustRecipe("apply", "-auto-approve", "-var=text=0")
	load := newLoad(t, strings.TrimSpace(p.mustRecipe("output", "url")))
	for range restarts {
		before, answered := p.appPIDs(), load.answers.Load()
		p.mustRecipe("restart", "app.web")
		for unit, pid := range p.appPIDs() {
			if before[unit] == pid {
				t.Errorf("process %d was not restarted", pid)
			}
		}
		if instances > 1 {
			p.mustRecipe("stop", "app.web[1]")
			p.mustRecipe("start", "app.web[1]")
		}
		p.await("requests are answered during a restart", func() bool { return load.answers.Load() > answered })
		if t.Failed() {
			break
		}
	}
	requests, failed := load.end()
	if failed > 0 {
		t.Errorf("%d of %d requests failed", failed, requests)
	}
	p.mustRecipe("destroy", "-auto-approve")
	torture.Report(t, "T19", "%d restarts of %d instances under %d clients that never retry: 0 of %d requests failed", restarts, instances, loadClients, requests)
}

// updateKilled begins an update and kills the agent somewhere in it, or after it.
func (p *place) updateKilled(n int, random *rand.Rand) (kills int) {
	stop, killed := make(chan struct{}), make(chan bool, 1)
	wait := time.Duration(random.Int64N(int64(600 * time.Millisecond)))
	go func() { killed <- p.killAgentAfter(wait, stop) }()
	out, err := p.recipe("apply", "-auto-approve", fmt.Sprint("-var=text=", n))
	close(stop)
	if <-killed {
		return 1
	}
	if err != nil {
		p.Errorf("an update that nobody disturbed failed: %v\n%s", err, out)
	}
	return 0
}

const rollingStack = `
stack "roll" {}
variable "text" { type = string }
app "web" {
  source    = "./web"
  instances = %d
  inputs    = { text = var.text }
  update { drain = "%s" }
}
output "url" { value = app.web.url }
`

const rollingRecipe = `
package {
  name    = "test/web"
  version = "1.0.0"
}
input "text" { type = string }
port "web" {}
configure {
  file "settings" { content = "text ${input.text}" }
}
step "prepare" { command = ["/bin/true"] }
process "web" {
  command = ["$APP"]
  env     = { NAME = "text ${input.text} ${instance.index}", GRACE = "5s" }
}
`

// load is clients that ask without a pause, half of them over connections that stay open.
type load struct {
	t               *testing.T
	address         string
	answers, failed atomic.Int64
	stop            chan struct{}
	clients         sync.WaitGroup
}

const loadClients = 8

func newLoad(t *testing.T, url string) *load {
	l := &load{t: t, address: strings.TrimPrefix(url, "http://"), stop: make(chan struct{})}
	for i := range loadClients {
		l.clients.Go(func() { l.client(i%2 == 0) })
	}
	return l
}

// client asks until the end. A connection is used again unless the answer says that it ends.
func (l *load) client(keep bool) {
	var conn net.Conn
	for n := 0; ; n++ {
		select {
		case <-l.stop:
			if conn != nil {
				_ = conn.Close()
			}
			return
		default:
		}
		var err error
		if conn, err = l.ask(conn, keep, time.Duration(n%5)*5*time.Millisecond); err != nil {
			l.failed.Add(1)
			l.t.Errorf("a request failed (kept open: %v): %v", keep, err)
			conn = nil
			time.Sleep(50 * time.Millisecond) // one fault is to be one line, and not thousands
		}
		l.answers.Add(1)
	}
}

// ask makes one request, over conn unless that is nil, and returns the connection if it can be used again.
func (l *load) ask(conn net.Conn, keep bool, long time.Duration) (_ net.Conn, err error) {
	if conn == nil {
		if conn, err = net.Dial("tcp4", l.address); err != nil {
			return nil, err
		}
	}
	how := "close"
	if keep {
		how = "keep-alive"
	}
	if err := conn.SetDeadline(time.Now().Add(scriptPatience)); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(conn, "GET /work?for=%s HTTP/1.1\r\nHost: web\r\nConnection: %s\r\n\r\n", long, how); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK || !strings.HasPrefix(string(text), "text ") {
		return nil, fmt.Errorf("it answers %s %q", answer.Status, text)
	}
	if !keep || answer.Close {
		return nil, conn.Close()
	}
	return conn, nil
}

// expect demands that a new connection gets an answer that begins with text.
func (l *load) expect(text string) {
	l.t.Helper()
	conn, err := net.Dial("tcp4", l.address)
	if err != nil {
		l.t.Error(err)
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n"); err != nil {
		l.t.Error(err)
		return
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		l.t.Error(err)
		return
	}
	if got, err := io.ReadAll(answer.Body); err != nil || !strings.HasPrefix(string(got), text+" ") {
		l.t.Errorf("after the update it answers %q (%v) and not %q", got, err, text)
	}
}

// end stops the clients and says how many requests they made, and how many failed.
func (l *load) end() (requests, failed int64) {
	close(l.stop)
	l.clients.Wait()
	return l.answers.Load(), l.failed.Load()
}
