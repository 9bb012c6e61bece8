package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/torture"
)

// T25: the primary is killed again and again, alone or together with the agent, or hangs and ignores what it is told. A
// backup takes over, nobody else does meanwhile, and the lost one comes back as a backup.

const failoverStack = `
stack "over" {}
app "web" {
  source  = "./web"
  backups = 1
}
output "url" { value = app.web.url }
`

const failoverRecipe = `
package {
  name    = "test/web"
  version = "1.0.0"
}
port "web" {}
process "web" {
  command = ["$APP"]
  env     = { NAME = "text ${instance.index}" }
}
`

func TestT25ThePrimaryIsKilled(t *testing.T) {
	t.Parallel()
	rounds := torture.PickRaced(6, 20, 500)
	p := newPlace(t)
	p.write("stack.hcl", failoverStack)
	p.write("web/recipe.hcl", failoverRecipe)
	p.mustRecipe("apply", "-auto-approve")
	load := newLoad(t, strings.TrimSpace(p.mustRecipe("output", "url")))
	_, _ = load.end()
	var took []time.Duration
	for range rounds {
		was, _ := p.pair("app.web", 1)
		load.expect("text " + indexOf(was.Address))
		p.must(syscall.Kill(was.PID, syscall.SIGKILL))
		began := time.Now()
		for _, err := load.ask(nil, false, 0); err != nil; _, err = load.ask(nil, false, 0) {
			if time.Since(began) > scriptPatience {
				t.Fatalf("nobody answers: %v", err)
			}
		}
		took = append(took, time.Since(began))
		p.again("over", was.Address)
		now, _ := p.pair("app.web", 1)
		if now.Address == was.Address {
			t.Fatalf("%s was killed and is primary again", was.Address)
		}
	}
	p.mustRecipe("destroy", "-auto-approve")
	slices.Sort(took)
	torture.Report(t, "T25", "%d primaries killed: the endpoint answers after %s (median), %s (p99), %s (max)",
		rounds, quantile(took, 50), quantile(took, 99), took[len(took)-1].Round(time.Millisecond))
}

func quantile(sorted []time.Duration, percent int) time.Duration {
	return sorted[min(len(sorted)-1, (len(sorted)*percent+99)/100-1)].Round(time.Millisecond)
}

// indexOf is the number of the instance that a process belongs to.
func indexOf(address string) string {
	_, rest, _ := strings.Cut(address, "[")
	n, _, _ := strings.Cut(rest, "]")
	return n
}

// again has a process that was killed started at once: one that ends so often is otherwise given a pause.
func (p *place) again(stack, address string) {
	p.Helper()
	p.await("the agent answers", func() bool { return p.agentPID() != 0 })
	_, err := p.client().Act(context.Background(), "restart", agent.UnitRequest{Stack: stack, Target: address})
	p.must(err)
}

// primary is the process of a component that is primary and runs.
func (p *place) primary(component string) (agent.UnitInfo, bool) {
	units, err := p.client().Units(context.Background(), "")
	at := slices.IndexFunc(units, func(u agent.UnitInfo) bool { return u.Component == component && u.Role == "primary" && u.PID != 0 })
	if err != nil || at < 0 {
		return agent.UnitInfo{}, false
	}
	return units[at], true
}

// pair waits until a component has one primary and so many backups, all of them ready, and returns them.
func (p *place) pair(component string, backups int) (primary agent.UnitInfo, others []agent.UnitInfo) {
	p.Helper()
	p.await("there are a primary and its backups", func() bool {
		units, err := p.client().Units(context.Background(), "")
		if err != nil {
			return false
		}
		primary, others = agent.UnitInfo{}, nil
		for _, u := range units {
			switch {
			case u.Component != component || !u.Ready:
			case u.Role == "primary":
				primary = u
			default:
				others = append(others, u)
			}
		}
		return primary.PID != 0 && len(others) == backups
	})
	return primary, others
}

func TestT25ThePrimaryAndTheAgentAreKilled(t *testing.T) {
	t.Parallel()
	rounds := torture.PickRaced(2, 4, 100)
	p := newPlace(t)
	p.write("stack.hcl", failoverStack)
	p.write("web/recipe.hcl", failoverRecipe)
	p.mustRecipe("apply", "-auto-approve")
	load := newLoad(t, strings.TrimSpace(p.mustRecipe("output", "url")))
	_, _ = load.end()
	for range rounds {
		was, _ := p.pair("app.web", 1)
		p.must(syscall.Kill(p.agentPID(), syscall.SIGKILL))
		p.must(syscall.Kill(was.PID, syscall.SIGKILL))
		p.mustRecipe("ps")
		p.again("over", was.Address)
		now, _ := p.pair("app.web", 1)
		if now.Address == was.Address {
			t.Fatalf("%s was killed and is primary again", was.Address)
		}
		load.expect("text " + indexOf(now.Address))
	}
	p.mustRecipe("destroy", "-auto-approve")
	torture.Report(t, "T25", "%d primaries killed together with the agent: the next agent promotes the backup each time", rounds)
}

// The worker notes its token and its process with each piece of work. The one that knows roles runs all the time and asks
// its file each time; the other one knows nothing, and runs in the primary only.
const workerStack = `
stack "work" {}
app "worker" {
  source  = "./worker"
  backups = 1
}
`

const workerRecipe = `
package {
  name    = "test/worker"
  version = "1.0.0"
}
process "work" {
  kind    = "worker"
  standby = "%s"
  command = ["/bin/sh", "-c", <<-SCRIPT
    trap '' TERM
    TOKEN=$RECIPE_TOKEN ROLE=$RECIPE_ROLE
    while :; do
      [ "$KNOWS" = cold ] || . "$RECIPE_ROLE_FILE"
      [ "$ROLE" != primary ] || echo "$TOKEN $$" >> $SHARED/ledger
      [ -e $SHARED/hang.$$ ] || : > $SHARED/alive.$RECIPE_INSTANCE
      sleep 0.01
    done
    SCRIPT
  ]
  env = { KNOWS = "%s" }
  stop { grace = "1s" }
  health {
    startup {
      exec = ["/bin/sh", "-c", "rm $SHARED/alive.$RECIPE_INSTANCE"]
    }
    readiness {
      exec              = ["/bin/sh", "-c", "rm $SHARED/alive.$RECIPE_INSTANCE"]
      interval          = "100ms"
      failure_threshold = 5
    }
  }
}
sandbox { write = ["$SHARED"] }
`

func TestT25NeverTwoPrimaries(t *testing.T) {
	for _, standby := range []string{"warm", "cold"} {
		t.Run(standby, func(t *testing.T) { neverTwo(t, standby) })
	}
}

func neverTwo(t *testing.T, standby string) {
	t.Parallel()
	rounds, random := torture.PickRaced(3, 6, 100), torture.Random(t)
	p := newPlace(t)
	p.write("stack.hcl", workerStack)
	p.write("worker/recipe.hcl", fmt.Sprintf(workerRecipe, standby, standby))
	p.mustRecipe("apply", "-auto-approve")
	hung, agents := 0, 0
	for n := range rounds {
		was, _ := p.pair("app.worker", 1)
		p.awaitWork(was.PID)
		if n%2 == 0 { // it lives on, works on, ignores SIGTERM and does not pass its check
			p.must(os.WriteFile(filepath.Join(p.shared, fmt.Sprintf("hang.%d", was.PID)), nil, 0o644))
			hung++
		} else {
			p.must(syscall.Kill(was.PID, syscall.SIGKILL))
		}
		killed := random.IntN(3) == 0
		if killed {
			p.must(syscall.Kill(p.agentPID(), syscall.SIGKILL))
			p.mustRecipe("ps")
			agents++
		}
		p.await("another process is primary", func() bool { // without an agent in between it is in another instance
			now, ok := p.primary("app.worker")
			return ok && now.PID != was.PID
		})
		if now, _ := p.primary("app.worker"); now.Address != was.Address {
			p.again("work", was.Address)
		} else if !killed {
			t.Fatalf("%s was lost and is primary again", was.Address)
		}
	}
	p.mustRecipe("destroy", "-auto-approve")
	lines, holders := p.ledger()
	torture.Report(t, "T25", "%d primaries lost, %d of them by hanging, the agent killed %d times: %d lines of work by %d holders of a token, never one of before after one of later",
		rounds, hung, agents, lines, holders)
}

// awaitWork waits until a process has worked.
func (p *place) awaitWork(pid int) {
	p.Helper()
	p.await("the primary works", func() bool {
		text, err := os.ReadFile(filepath.Join(p.shared, "ledger"))
		return err == nil && strings.Contains(string(text), fmt.Sprintf(" %d\n", pid))
	})
}

// ledger demands that tokens only grow from line to line, and that each is that of one process.
func (p *place) ledger() (lines, holders int) {
	p.Helper()
	text, err := os.ReadFile(filepath.Join(p.shared, "ledger"))
	p.must(err)
	last, by := 0, ""
	for line := range strings.Lines(string(text)) {
		token, pid, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.Atoi(token)
		p.must(err)
		if n < last || n == last && pid != by {
			p.Fatalf("token %d of %s after token %d of %s", n, pid, last, by)
		}
		if n > last {
			holders++
		}
		last, by = n, pid
		lines++
	}
	return lines, holders
}
