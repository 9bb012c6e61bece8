package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
)

const portsRecipe = `
package {
  name    = "test/web"
  version = "1.0.0"
}
input "number" {
  type    = number
  default = 0
}
port "web" { number = input.number }
step "wait" {
  command = ["/bin/sh", "-c", "echo $PORT > $SHARED/port.new; mv $SHARED/port.new $SHARED/port; until test -e $SHARED/gate; do sleep 0.01; done"]
}
process "web" {
  command = ["$APP"]
  env     = { NAME = "web" }
}
sandbox { write = ["$SHARED"] }
`

// newPortsPlace has a stack with so many apps, whose step waits for the file gate.
func newPortsPlace(t testing.TB, apps int) *place {
	p := newPlace(t)
	p.write("stack.hcl", fmt.Sprintf("stack \"ports\" {}\nvariable \"number\" { default = 0 }\napp \"web\" {\n  source    = \"./web\"\n  instances = %d\n  inputs    = { number = var.number }\n}\n", apps))
	p.write("web/recipe.hcl", portsRecipe)
	return p
}

func (p *place) gate() { p.must(os.WriteFile(filepath.Join(p.shared, "gate"), nil, 0o644)) }

// TestT22Taken asks for a port that another process has: the error names it, and the port is had as soon as it is free,
// with a connection of the former holder still in TIME_WAIT. It stays the same from agent to agent.
func TestT22Taken(t *testing.T) {
	p := newPortsPlace(t, 1)
	p.gate()
	number := freePort(t)
	holder := p.hold(number)
	p.refused(number, holder, "apply", "-auto-approve", fmt.Sprint("-var=number=", number))
	p.restInTimeWait(number)
	p.release(holder)
	p.mustRecipe("apply", "-auto-approve", fmt.Sprint("-var=number=", number))
	if ports := p.ports(); ports["app.web[0].process.web web"] != number {
		t.Errorf("port %d was asked for: %v", number, ports)
	}
	agents := p.keepsPorts(torture.Pick(2, 20), number)
	torture.Report(t, "T22", "a taken port is refused with its holder; it is had beside TIME_WAIT, and the same after %d deaths of the agent", agents)
}

// TestT22Stolen takes a port between its allotment and the start of the app: the apply is taken back and says who has it,
// before the thief could pass for the app. The next apply chooses another port.
func TestT22Stolen(t *testing.T) {
	rounds := torture.Pick(2, 20)
	p := newPortsPlace(t, 1)
	for range rounds {
		for _, name := range []string{"gate", "port"} {
			p.must(os.RemoveAll(filepath.Join(p.shared, name)))
		}
		applied := make(chan string, 1)
		go func() {
			out, _ := p.recipe("apply", "-auto-approve") // judged by what it says
			applied <- out
		}()
		number := p.awaitNumber()
		thief := p.hold(number)
		p.gate()
		out := <-applied
		if !strings.Contains(out, taken(number, thief)) || !strings.Contains(out, "taken back") {
			t.Fatalf("want %q:\n%s", taken(number, thief), out)
		}
		p.mustRecipe("apply", "-auto-approve")
		if ports := p.ports(); ports["app.web[0].process.web web"] == number {
			t.Errorf("the stolen port is handed out again: %v", ports)
		}
		p.release(thief)
		p.mustRecipe("destroy", "-auto-approve")
	}
	torture.Report(t, "T22", "%d ports stolen between allotment and start: taken back, each time told by whom; the next apply has another one", rounds)
}

// TestT22TwoAgents lets two agents with the same small range of ports apply at once. Each ends with ports of its own; an
// apply that met the other one is taken back, says so and is repeated.
func TestT22TwoAgents(t *testing.T) {
	rounds, met := torture.Pick(1, 8), 0
	places := []*place{newPortsPlace(t, 6), newPortsPlace(t, 6)}
	low := 20000 + torture.Random(t).IntN(12000-24)
	for _, p := range places {
		p.env = append(p.env, fmt.Sprintf("RECIPE_PORTS=%d-%d", low, low+23)) // the last one counts; 14 are needed
		p.gate()
	}
	for range rounds {
		var mu sync.Mutex
		var wait sync.WaitGroup
		for _, p := range places {
			wait.Go(func() {
				n := p.applyUntilDone()
				mu.Lock()
				defer mu.Unlock()
				met += n
			})
		}
		wait.Wait()
		first, second := places[0].ports(), places[1].ports()
		if len(first) != 6 || len(second) != 6 {
			t.Errorf("not all have a port: %v %v", first, second)
		}
		for name, number := range first {
			for other, n := range second {
				if n == number {
					t.Errorf("%s and %s both have port %d", name, other, n)
				}
			}
		}
		for _, p := range places {
			p.mustRecipe("destroy", "-auto-approve")
		}
	}
	torture.Report(t, "T22", "%d times two agents with one range apply 6 apps at once: 0 collisions; %d applies met the other one and were repeated", rounds, met)
}

// applyUntilDone applies, and returns how often that had to be repeated since another agent had a port.
func (p *place) applyUntilDone() int {
	for n := range 10 {
		out, err := p.recipe("apply", "-auto-approve")
		if err == nil {
			return n
		}
		if !strings.Contains(out, "is taken by process") {
			p.Errorf("an apply failed for another reason than a port:\n%s", out)
			return n
		}
	}
	p.Errorf("no apply of ten came to its end")
	return 10
}

// keepsPorts kills and ends agents, restarts the apps, and demands the same ports each time.
func (p *place) keepsPorts(agents, number int) int {
	p.Helper()
	before := p.ports()
	for n := range agents {
		if n%2 == 0 {
			p.must(syscall.Kill(p.agentPID(), syscall.SIGKILL))
		} else {
			p.mustRecipe("agent", "-stop")
		}
		p.mustRecipe("ps")
		p.mustRecipe("restart")
		p.mustRecipe("plan", "-detailed-exitcode", fmt.Sprint("-var=number=", number))
		if after := p.ports(); !maps.Equal(before, after) {
			p.Errorf("the ports were %v and are %v", before, after)
		}
	}
	return agents
}

// ports are the numbers of all ports of the apps, by unit and port.
func (p *place) ports() map[string]int {
	p.Helper()
	units, err := p.client().Units(context.Background(), "ports")
	p.must(err)
	numbers := map[string]int{}
	for _, u := range units {
		for name, number := range u.Ports {
			numbers[u.Address+" "+name] = number
		}
	}
	return numbers
}

// taken is how it is said that a process has a port.
func taken(number int, holder *exec.Cmd) string {
	return fmt.Sprintf("port %d is taken by process %d (%s)", number, holder.Process.Pid, filepath.Base(holder.Path))
}

// refused runs a command that has to fail because somebody has a port.
func (p *place) refused(number int, holder *exec.Cmd, args ...string) {
	p.Helper()
	out, err := p.recipe(args...)
	if err == nil || !strings.Contains(out, taken(number, holder)) {
		p.Errorf("want %q, got %v\n%s", taken(number, holder), err, out)
	}
}

// hold starts a process that listens on a port, and is none of recipe's.
func (p *place) hold(number int) *exec.Cmd {
	p.Helper()
	holder := exec.Command(os.Getenv("APP"))
	holder.Env = []string{fmt.Sprint("PORT=", number), "NAME=holder"}
	p.must(holder.Start())
	p.Cleanup(func() { _ = holder.Process.Kill() }) // it has ended already, unless the test fails
	p.await("the holder listens", func() bool {
		conn, err := net.Dial("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(number)))
		return err == nil && conn.Close() == nil
	})
	return holder
}

// release ends a holder.
func (p *place) release(holder *exec.Cmd) {
	p.Helper()
	p.must(holder.Process.Kill())
	_ = holder.Wait() // it was killed
}

// restInTimeWait leaves a connection to a port that its server has closed first.
func (p *place) restInTimeWait(number int) {
	p.Helper()
	conn, err := net.Dial("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(number)))
	p.must(err)
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	p.must(err)
	_, err = io.ReadAll(conn) // to its end: the server has closed it
	p.must(err)
	p.must(conn.Close())
	p.await("a connection rests in TIME_WAIT", func() bool {
		table, err := os.ReadFile("/proc/net/tcp")
		p.must(err)
		for line := range bytes.Lines(table) {
			fields := strings.Fields(string(line))
			if strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", number)) && fields[3] == "06" {
				return true
			}
		}
		return false
	})
}

// awaitNumber waits for the number that the app's step was given.
func (p *place) awaitNumber() (number int) {
	p.Helper()
	p.await("the step knows its port", func() bool {
		text, err := os.ReadFile(filepath.Join(p.shared, "port"))
		if err != nil {
			return false
		}
		number, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	})
	return number
}

// await waits until something is so.
func (p *place) await(what string, so func() bool) {
	p.Helper()
	for deadline := time.Now().Add(scriptPatience); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Fatalf("it does not come about that %s", what)
		}
	}
}

// freePort is a port that nobody has.
func freePort(t testing.TB) int {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
