package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	programme "github.com/nsynapse/recipe/executor/torture"
)

// TestT11Clients lets 32 clients apply at once: half of them are real commands, and half use the API with one plan. One
// run is begun; the others are refused and told whose it is, or follow it. What was done tells the ledger of the apps.
func TestT11Clients(t *testing.T) {
	random := programme.Random(t)
	c := &crowd{place: newPlace(t)}
	c.write("stack.hcl", crowdStack)
	c.write("web/recipe.hcl", crowdRecipe)
	rounds := programme.Pick(2, 15)
	for round := range rounds {
		c.round(round, random.Perm(crowdSize))
		if t.Failed() {
			return
		}
	}
	slices.Sort(c.took)
	worst, middle := c.took[len(c.took)-1], c.took[len(c.took)/2]
	if worst > programme.Pick(scriptPatience, 5*time.Second) { // 50 ms are meant; a busy machine makes more of it
		t.Errorf("a refusal took %s", worst)
	}
	programme.Report(t, "T11", "%d times 32 clients at once: %d runs, %d refused by whom (p50 %s, max %s), %d followed; 0 double effects",
		rounds, rounds, c.refused, middle.Round(time.Millisecond/10), worst.Round(time.Millisecond/10), c.followed)
}

const crowdSize = 32

const crowdStack = `
stack "crowd" {}
app "one" { source = "./web" }
app "two" {
  source     = "./web"
  depends_on = [app.one]
}
`

const crowdRecipe = `
package {
  name    = "test/web"
  version = "1.0.0"
}
port "web" {}
step "prepare" {
  command = ["/bin/sh", "-c", "echo $RECIPE_COMPONENT stepped >> $SHARED/ledger"]
}
process "web" {
  command = ["$APP"]
  env     = { NAME = component.name, LEDGER = "$SHARED/ledger", GATE = "$SHARED/gate" }
}
sandbox { write = ["$SHARED"] }
`

// crowd is a stack that many want to apply.
type crowd struct {
	*place
	mu       sync.Mutex
	took     []time.Duration // until a client of the API was refused
	measured int             // how many of them count
	refused  int
	followed int
	holders  map[int]bool // processes that were named as who began the run
	winners  map[int]bool // processes that did
}

func (c *crowd) round(round int, order []int) {
	c.Helper()
	ledger, gate := filepath.Join(c.shared, "ledger"), filepath.Join(c.shared, "gate")
	for _, name := range []string{ledger, gate} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			c.Fatal(err)
		}
	}
	c.holders, c.winners = map[int]bool{}, map[int]bool{}
	c.mustRecipe("plan") // an agent is up
	answer, err := c.client().Plan(context.Background(), agent.PlanRequest{Path: c.stack})
	c.must(err)
	start := make(chan struct{})
	var clients, refusals sync.WaitGroup
	for _, i := range order {
		if i%2 == 0 {
			refusals.Add(1)
			clients.Go(func() { <-start; c.ask(answer.Plan, refusals.Done) })
		} else {
			clients.Go(func() { <-start; c.run() })
		}
	}
	close(start)
	refusals.Wait() // no run ends before the gate opens
	c.measure(answer.Plan)
	c.must(os.WriteFile(gate, nil, 0o644))
	clients.Wait()
	c.judge(round, ledger)
}

// measure lets clients of the API ask once more, all at once, while the run is under way: how long they wait for the
// refusal does not depend on the starting of processes then.
func (c *crowd) measure(p *agent.SignedPlan) {
	time.Sleep(200 * time.Millisecond) // for the commands to have started
	c.mu.Lock()
	c.took = c.took[:c.measured]
	c.mu.Unlock()
	var clients sync.WaitGroup
	for range crowdSize {
		clients.Go(func() { c.ask(p, func() {}) })
	}
	clients.Wait()
	c.measured = len(c.took)
}

// ask applies the plan through the API. heard is called once it was refused or has begun.
func (c *crowd) ask(p *agent.SignedPlan, heard func()) {
	var once sync.Once
	defer once.Do(heard)
	client := agent.Dial(c.home)
	begin := time.Now()
	err := client.Apply(context.Background(), agent.ApplyRequest{Plan: p}, func(agent.RunLine) error { once.Do(heard); return nil })
	took := time.Since(begin)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.winners[os.Getpid()] = true
		return
	}
	c.took = append(c.took, took)
	c.refusal(err.Error())
}

// run applies with the real command.
func (c *crowd) run() {
	cmd := c.command("apply", "-auto-approve", "-json")
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	err := cmd.Run()
	c.mu.Lock()
	defer c.mu.Unlock()
	out := text.String()
	switch {
	case strings.Contains(out, `"joined":true`) && err == nil:
		c.followed++
		if !named.MatchString(out) {
			c.Errorf("it followed a run, and nobody told whose:\n%s", out)
		}
	case strings.Contains(out, `"joined":false`) && err == nil:
		c.winners[cmd.Process.Pid] = true
	case err != nil:
		c.refusal(out)
	case !strings.Contains(out, `"change_summary"`): // it came when all was over
		c.Errorf("it did nothing and says nothing:\n%s", out)
	}
}

var named = regexp.MustCompile(`user \S+ \(process (\d+)\)`)

// refusal checks what a client was told that may not begin a run.
func (c *crowd) refusal(text string) {
	c.refused++
	found := named.FindStringSubmatch(text)
	if found == nil {
		if !stale.MatchString(text) { // it planned before the run, and came after its end
			c.Errorf("refused without a name: %s", text)
		}
		return
	}
	pid, err := strconv.Atoi(found[1])
	if err != nil {
		c.Error(err)
	}
	c.holders[pid] = true
}

var stale = regexp.MustCompile(`the state has moved on from \d+ to \d+`)

func (c *crowd) judge(round int, ledger string) {
	c.Helper()
	if len(c.winners) != 1 {
		c.Errorf("round %d: the run was begun by %v", round, c.winners)
	}
	for pid := range c.holders {
		if !c.winners[pid] {
			c.Errorf("round %d: %d was said to have begun the run, and it was %v", round, pid, c.winners)
		}
	}
	text, err := os.ReadFile(ledger)
	c.must(err)
	for _, line := range []string{"one started\n", "two started\n", "one stepped\n", "two stepped\n"} {
		if n := strings.Count(string(text), line); n != 1 {
			c.Errorf("round %d: %d times %q", round, n, line)
		}
	}
	c.mustRecipe("plan", "-detailed-exitcode")
	c.mustRecipe("destroy", "-auto-approve")
}

// TestT11Stale applies plans that others have overtaken.
func TestT11Stale(t *testing.T) {
	p := newPlace(t)
	p.write("stack.hcl", crowdStack)
	p.write("web/recipe.hcl", crowdRecipe)
	p.must(os.WriteFile(filepath.Join(p.shared, "gate"), nil, 0o644))
	rounds := programme.Pick(1, 10)
	for range rounds {
		p.mustRecipe("plan", "-out=old.plan")
		before, err := p.client().Plan(context.Background(), agent.PlanRequest{Path: p.stack})
		p.must(err)
		made, err := before.Plan.Decode()
		p.must(err)
		p.mustRecipe("apply", "-auto-approve")
		now, err := p.client().Stack(context.Background(), "crowd")
		p.must(err)
		out, err := p.recipe("apply", "old.plan")
		if want := fmt.Sprintf("moved on from %d to %d", made.Serial, now.Serial); err == nil || !strings.Contains(out, want) {
			t.Fatalf("want %q, got %v\n%s", want, err, out)
		}
		p.mustRecipe("plan", "-detailed-exitcode")
		p.mustRecipe("apply", "-auto-approve", "-replace=app.two[0].process.web")
		p.mustRecipe("destroy", "-auto-approve")
	}
	programme.Report(t, "T11", "%d stale plans refused, each told from which to which serial", rounds)
}

// TestT11Agents starts agents on one home, all at once and one by one beside the first: one of them serves, and the
// others name it.
func TestT11Agents(t *testing.T) {
	p := newPlace(t)
	count := programme.Pick(4, 16)
	refused := 0
	ended := make(chan string, count)
	for range count {
		cmd := p.command("agent", "-idle=0")
		var text bytes.Buffer
		cmd.Stderr = &text
		p.must(cmd.Start())
		go func() {
			var exit *exec.ExitError
			if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
				t.Error(err)
			}
			ended <- text.String()
		}()
	}
	first := 0
	for end := time.Now().Add(scriptPatience); first == 0 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		first = p.agentPID()
	}
	for refused < count-1 {
		select {
		case text := <-ended:
			refused++
			if !strings.Contains(text, fmt.Sprintf("(process %d)", first)) {
				t.Errorf("an agent beside process %d says: %s", first, text)
			}
		case <-time.After(scriptPatience):
			t.Fatalf("%d of %d agents run beside the first", count-1-refused, count-1)
		}
	}
	if now := p.agentPID(); now != first || first == 0 {
		t.Errorf("%d serves, and it was %d", now, first)
	}
	programme.Report(t, "T11", "%d agents at once on one home: 1 serves, %d name its process", count, refused)
}
