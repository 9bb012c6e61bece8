//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
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
			newTorture(t).run(rand.New(rand.NewPCG(seed, seed)))
		})
	}
}

// torture is one stack that comes up while its agent is killed.
type torture struct {
	t                   *testing.T
	stack, home, ledger string
	kills               int
}

func newTorture(t *testing.T) *torture {
	base, err := os.MkdirTemp("/tmp", "rt")
	if err != nil {
		t.Fatal(err)
	}
	x := &torture{t: t, stack: filepath.Join(base, "stack"), home: filepath.Join(base, "h"), ledger: filepath.Join(base, "s", "ledger")}
	t.Cleanup(func() {
		left, err := endAll(x.home)
		if err != nil || len(left) > 0 {
			t.Errorf("processes are left: %v %v", left, err)
		}
		if found := races(filepath.Dir(x.ledger)); found != "" {
			t.Error(found)
		}
		if err := os.RemoveAll(base); err != nil {
			t.Error(err)
		}
	})
	x.write(filepath.Join(x.stack, "stack.hcl"), tortureStack)
	x.write(filepath.Join(x.stack, "web", "recipe.hcl"), strings.NewReplacer("$APP", os.Getenv("APP"), "$LEDGER", x.ledger).Replace(tortureRecipe))
	x.write(x.ledger, "")
	if err := openTo(base, filepath.Dir(x.ledger)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(x.ledger, 0o666); err != nil {
		t.Fatal(err)
	}
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
  command = ["/bin/sh", "-c", "echo $RECIPE_COMPONENT.$RECIPE_INSTANCE stepped >> $LEDGER"]
}
process "web" {
  command = ["$APP"]
  env     = { NAME = "${component.name}.${instance.index}", LEDGER = "$LEDGER" }
}
`

func (x *torture) write(name, text string) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		x.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		x.t.Fatal(err)
	}
}

func (x *torture) recipe(args ...string) (string, error) {
	cmd := exec.Command("recipe", args...)
	cmd.Dir = x.stack
	cmd.Env = append(os.Environ(), "RECIPE_HOME="+x.home, "RECIPE_PORTS="+portsOf(0), "GORACE="+raceOptions(filepath.Dir(x.ledger)))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (x *torture) run(random *rand.Rand) {
	if _, err := x.recipe("plan"); err != nil { // the agent is up, and the bus's recipe unpacked
		x.t.Fatal(err)
	}
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
			x.t.Fatalf("after %d kills: %v\n%s", x.kills, err, out)
		}
		break
	}
	if out, err := x.recipe("apply", "-auto-approve"); err != nil {
		x.t.Fatalf("after %d kills: %v\n%s", x.kills, err, out)
	}
	x.t.Logf("%d kills", x.kills)
	x.check()
}

// killAfter kills the agent after a while, and reports whether it did before stop.
func (x *torture) killAfter(wait time.Duration, stop chan struct{}) bool {
	select {
	case <-stop:
		return false
	case <-time.After(wait):
	}
	info, err := agent.Dial(x.home).Version(context.Background())
	if err != nil {
		return false
	}
	return syscall.Kill(info.PID, syscall.SIGKILL) == nil
}

// check demands what an apply that nobody disturbed leaves.
func (x *torture) check() {
	if out, err := x.recipe("plan", "-detailed-exitcode"); err != nil {
		x.t.Errorf("something is left to do: %v\n%s", err, out)
	}
	ledger, err := os.ReadFile(x.ledger)
	if err != nil {
		x.t.Fatal(err)
	}
	for _, name := range []string{"one.0", "two.0", "two.1", "three.0"} {
		if n := bytes.Count(ledger, []byte(name+" started\n")); n != 1 {
			x.t.Errorf("%s was started %d times:\n%s", name, n, ledger)
		}
		// A command that was cut off is run again: nobody knows how far it came.
		if !bytes.Contains(ledger, []byte("app."+name+" stepped\n")) {
			x.t.Errorf("%s was not prepared:\n%s", name, ledger)
		}
	}
	if out, err := x.recipe("destroy", "-auto-approve"); err != nil {
		x.t.Errorf("%v\n%s", err, out)
	}
}
