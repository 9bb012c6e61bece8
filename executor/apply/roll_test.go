package apply_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/planner/plan"
)

// inOrder demands that entries stand in the ledger one after another.
func (w *world) inOrder(t *testing.T, entries ...string) {
	t.Helper()
	for i := 1; i < len(entries); i++ {
		if before, after := w.place(entries[i-1]), w.place(entries[i]); before < 0 || after < before {
			t.Errorf("%q is not followed by %q: %v", entries[i-1], entries[i], w.ledger)
		}
	}
}

func TestRollGoesFromImplementationToConsumerAndOneByOne(t *testing.T) {
	r := newRig(t, disk.OS{}, filepath.Join(t.TempDir(), "journal"))
	three := func(text string) string {
		return strings.ReplaceAll(rolling(apps(text, "a", "b")), "inputs", "instances = 2\n  inputs")
	}
	r.evaluate(three("x"))
	r.apply()
	r.evaluate(three("y"))
	r.world.ledger = nil
	if p := r.plan(); len(p.Rolls) != 4 || p.Count()[plan.Rolled] != 4 || len(p.Count()) != 1 {
		t.Errorf("the plan is %v with %d rolls", p.Count(), len(p.Rolls))
	}
	if result := r.apply(); result.Generation.Result != "done" {
		t.Fatalf("it ended %+v", result.Generation)
	}
	r.world.inOrder(t,
		"create app.a[0]~b.process.web", "delete app.a[0].process.web", "create app.a[1]~b.process.web", "delete app.a[1].process.web",
		"create app.b[0]~b.process.web", "delete app.b[0].process.web", "create app.b[1]~b.process.web", "delete app.b[1].process.web")
	if p := r.plan(); !p.Empty() {
		t.Errorf("planning again gives %v", p.Count())
	}
	r.evaluate(three("z"))
	r.world.ledger = nil
	r.apply()
	r.world.inOrder(t, "create app.a[0].process.web", "delete app.a[0]~b.process.web", "create app.a[1].process.web")
}

// needs are the recorded needs as text.
func (r *rig) needs() string {
	var lines []string
	for a, o := range r.book.Copy().Objects {
		lines = append(lines, fmt.Sprintln(a, o.Needs))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func TestRollOfSeveralAtATime(t *testing.T) {
	r := newRig(t, disk.OS{}, filepath.Join(t.TempDir(), "journal"))
	four := func(text string) string {
		s := strings.ReplaceAll(rolling(apps(text, "a")), "inputs", "instances = 4\n  inputs")
		return strings.ReplaceAll(s, `update { strategy = "rolling" }`, "update {\n    strategy     = \"rolling\"\n    max_parallel = 2\n  }")
	}
	r.evaluate(four("x"))
	r.apply()
	r.evaluate(four("y"))
	r.world.ledger = nil
	r.apply()
	r.world.inOrder(t, "delete app.a[0].process.web", "create app.a[2]~b.process.web")
	r.world.inOrder(t, "delete app.a[1].process.web", "create app.a[3]~b.process.web")
	if first := r.world.place("create app.a[1]~b.process.web"); first > r.world.place("create app.a[2]~b.process.web") {
		t.Errorf("the second did not go with the first: %v", r.world.ledger)
	}
}

func TestFailedRollLeavesTheOldOnes(t *testing.T) {
	r := newRig(t, disk.OS{}, filepath.Join(t.TempDir(), "journal"))
	stepped := strings.Replace(recipe, "process \"web\"", "step \"prepare\" { command = [\"prepare\"] }\nprocess \"web\"", 1)
	r.graph = graphOf(t, rolling(apps("x", "a", "b")), stepped, r.world.Schema().Types)
	r.apply()
	before, needs := r.world.picture(), r.needs()
	r.graph = graphOf(t, rolling(apps("y", "a", "b")), stepped, r.world.Schema().Types)
	r.world.ledger = nil
	r.world.fail = func(address string, undo bool) error {
		if address == "app.b[0]~b.process.web" && !undo {
			return errors.New("not healthy")
		}
		return nil
	}
	if result := r.apply(); result.Generation.Result != "undone" {
		t.Fatalf("it ended %+v", result.Generation)
	}
	if after := r.world.picture(); after != before {
		t.Errorf("it was\n%sand is\n%s", before, after)
	}
	if after := r.needs(); after != needs {
		t.Errorf("the order of removal was\n%sand is\n%s", needs, after)
	}
	r.world.inOrder(t, "delete app.a[0].process.web", "create app.a[0].process.web", "delete app.a[0]~b.process.web")
	if r.world.place("delete app.b[0].process.web") >= 0 {
		t.Errorf("the old one of b was touched: %v", r.world.ledger)
	}
}
