//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestKilledAgain kills the agent at random moments of an apply, again and again until an apply ends by itself. What
// is then there has to be what an apply without interruption makes, and every process has to have been
// started once.
func TestKilledAgain(t *testing.T) {
	rounds := 5
	if testing.Short() {
		rounds = 1
	}
	for round := range rounds {
		seed := uint64(time.Now().UnixNano())
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Logf("seed %d", seed)
			newKilling(t).run(rand.New(rand.NewPCG(seed, seed)))
		})
	}
}

// killing is one stack that comes up while its agent is killed.
type killing struct {
	*place
	ledger string
	kills  int
}

func newKilling(t *testing.T) *killing {
	x := &killing{place: newPlace(t)}
	x.ledger = filepath.Join(x.shared, "ledger")
	x.write("stack.hcl", tortureStack)
	x.write("web/recipe.hcl", tortureRecipe)
	return x
}

const tortureStack = `
stack "torture" {}
app "one" { source = "./web" }
app "two" {
  source     = "./web"
  instances  = 2
  depends_on = [app.one]
}
app "three" {
  source     = "./web"
  depends_on = [app.two]
}
`

const tortureRecipe = `
package {
  name    = "test/web"
  version = "1.0.0"
}
requires "events" { service = "bus" }
port "web" {}
configure {
  file "settings" { content = "x = 1" }
}
step "prepare" {
  command = ["/bin/sh", "-c", "echo $RECIPE_COMPONENT.$RECIPE_INSTANCE stepped >> $SHARED/ledger"]
}
process "web" {
  command = ["$APP"]
  env     = { NAME = "${component.name}.${instance.index}", LEDGER = "$SHARED/ledger" }
}
`

func (x *killing) run(random *rand.Rand) {
	x.mustRecipe("plan") // the agent is up, and the bus's recipe unpacked
	const most = 20
	for x.kills = 0; x.kills < most; x.kills++ {
		stop := make(chan struct{})
		killed := make(chan bool)
		go func() { killed <- x.killAfter(time.Duration(random.Int64N(int64(400*time.Millisecond))), stop) }()
		out, err := x.recipe("apply", "-auto-approve")
		close(stop)
		if <-killed {
			continue
		}
		if err != nil {
			x.Fatalf("after %d kills: %v\n%s", x.kills, err, out)
		}
		break
	}
	x.mustRecipe("apply", "-auto-approve")
	x.Logf("%d kills", x.kills)
	x.check()
}

// killAfter kills the agent after a while, and reports whether it did before stop.
func (x *killing) killAfter(wait time.Duration, stop chan struct{}) bool {
	select {
	case <-stop:
		return false
	case <-time.After(wait):
	}
	pid := x.agentPID()
	return pid != 0 && syscall.Kill(pid, syscall.SIGKILL) == nil
}

// check demands what an apply that nobody disturbed leaves.
func (x *killing) check() {
	if out, err := x.recipe("plan", "-detailed-exitcode"); err != nil {
		x.Errorf("something is left to do: %v\n%s", err, out)
	}
	ledger, err := os.ReadFile(x.ledger)
	if err != nil {
		x.Fatal(err)
	}
	for _, name := range []string{"one.0", "two.0", "two.1", "three.0"} {
		if n := bytes.Count(ledger, []byte(name+" started\n")); n != 1 {
			x.Errorf("%s was started %d times:\n%s", name, n, ledger)
		}
		// A command that was cut off is run again: nobody knows how far it came.
		if !bytes.Contains(ledger, []byte("app."+name+" stepped\n")) {
			x.Errorf("%s was not prepared:\n%s", name, ledger)
		}
	}
	x.mustRecipe("destroy", "-auto-approve")
}
