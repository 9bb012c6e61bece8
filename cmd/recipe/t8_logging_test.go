//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
)

// T8: the agent is killed again and again beside apps that write all the time. They do not notice: the same processes go
// on, every line they write is in their logs once, a connection to one of them stays open, and the next agent has them all
// back soon.
func TestT8AgentKilled(t *testing.T) {
	apps, kills := torture.Pick(10, 50), torture.Pick(5, 100)
	p := newPlace(t)
	p.write("stack.hcl", fmt.Sprintf("stack \"logs\" {}\napp \"web\" {\n  source    = \"./web\"\n  instances = %d\n}\noutput \"url\" { value = app.web.url }\n", apps))
	p.write("web/recipe.hcl", `
package {
  name    = "test/web"
  version = "1.0.0"
}
port "web" {}
process "web" {
  command = ["$APP"]
  env     = { NAME = "web.${instance.index}", SPEAK = "10ms" }
}
`)
	p.mustRecipe("apply", "-auto-approve")
	before := p.appPIDs()
	if len(before) != apps {
		t.Fatalf("%d of %d apps run: %v", len(before), apps, before)
	}
	talk := newTalk(t, strings.TrimSpace(p.mustRecipe("output", "url")))
	talk.once()
	random := torture.Random(t)
	var took []time.Duration
	for range kills {
		time.Sleep(time.Duration(random.Int64N(int64(100 * time.Millisecond)))) // what an app writes in this time has no reader
		pid := p.agentPID()
		p.must(syscall.Kill(pid, syscall.SIGKILL))
		began := time.Now()
		talk.once() // while there is no agent
		p.awaitReady(apps)
		took = append(took, time.Since(began))
	}
	if after := p.appPIDs(); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the apps were\n%v\nand are\n%v", before, after)
	}
	units, err := p.client().Units(context.Background(), "")
	p.must(err)
	for _, u := range units {
		if u.Restarts > 0 {
			t.Errorf("%s was restarted %d times", u.Address, u.Restarts)
		}
	}
	p.mustRecipe("stop")
	lines := 0
	for i := range apps {
		lines += p.checkLines(filepath.Join(p.home, "stacks", "logs", "instances", fmt.Sprintf("web.%d", i), "process", "web"))
	}
	p.mustRecipe("destroy", "-auto-approve")
	slices.Sort(took)
	torture.Report(t, "T8", "%d kills beside %d apps: same pids, 0 restarts, 0 of %d lines lost or doubled; 1 connection, %d requests; all back after %d ms (median), %d ms (most)",
		kills, apps, lines, talk.requests, took[len(took)/2].Milliseconds(), took[len(took)-1].Milliseconds())
}

// talk is one connection to an app, through the router.
type talk struct {
	testing.TB
	url      string
	client   *http.Client
	opened   int
	requests int
}

func newTalk(t testing.TB, url string) *talk {
	c := &talk{TB: t, url: url}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		c.opened++
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	c.client = &http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: scriptPatience}
	t.Cleanup(c.client.CloseIdleConnections)
	return c
}

// once sends a request, which has to go over the connection that the first one opened.
func (c *talk) once() {
	c.Helper()
	response, err := c.client.Get(c.url)
	if err != nil {
		c.Fatal(err)
	}
	_, err = io.Copy(io.Discard, response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		c.Fatal(err)
	}
	if c.requests++; c.opened != 1 {
		c.Fatalf("request %d needed connection %d", c.requests, c.opened)
	}
}

// awaitReady waits until an agent, which is started if none runs, has so many ready units.
func (p *place) awaitReady(want int) {
	p.Helper()
	client := p.client()
	started := false
	client.Start = func(string) error {
		if started {
			return nil
		}
		started = true
		return p.command("ps").Run()
	}
	ready := 0
	for deadline := time.Now().Add(scriptPatience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		units, err := client.Units(context.Background(), "")
		if err != nil {
			continue // it is not up yet
		}
		ready = 0
		for _, u := range units {
			if u.State == "ready" && strings.HasPrefix(u.Address, "app.") {
				ready++
			}
		}
		if ready == want {
			return
		}
	}
	p.Fatalf("%d of %d are ready", ready, want)
}

// appPIDs lists the processes of the apps by their names.
func (p *place) appPIDs() map[string]int {
	list, err := processesOf(p.home)
	p.must(err)
	pids := map[string]int{}
	for _, process := range list {
		if filepath.Base(strings.Fields(process.command)[0]) != filepath.Base(os.Getenv("APP")) {
			continue
		}
		environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", process.pid))
		p.must(err)
		for _, variable := range strings.Split(string(environ), "\x00") {
			if name, ok := strings.CutPrefix(variable, "NAME="); ok {
				pids[name] = process.pid
			}
		}
	}
	return pids
}

// checkLines demands that the logs in a directory hold the lines "line 1" and so on, each once, and returns how many.
func (p *place) checkLines(dir string) int {
	p.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "log*"))
	p.must(err)
	slices.SortFunc(names, func(a, b string) int { return len(b)*1000 + int(b[len(b)-1]) - len(a)*1000 - int(a[len(a)-1]) }) // the oldest first
	last := 0
	for _, name := range names {
		f, err := os.Open(name)
		p.must(err)
		for scanner := bufio.NewScanner(f); scanner.Scan(); {
			text, ok := strings.CutPrefix(scanner.Text(), "line ")
			if !ok {
				continue
			}
			n, err := strconv.Atoi(text)
			if err != nil || n != last+1 {
				p.Errorf("%s: %q follows line %d", name, scanner.Text(), last)
				break
			}
			last = n
		}
		p.must(f.Close())
	}
	if last == 0 {
		p.Errorf("there are no lines in %v", names)
	}
	return last
}
