package apply_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/disk/disktest"
	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/eval"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/providers/sdk"
)

const recipe = `
package {
  name    = "test/app"
  version = "1.0.0"
}
provides "http" {
  version = "1.0.0"
  port    = port.web
}
input "text" {
  type    = string
  default = "x"
}
port "web" {}
configure {
  file "page" { content = "${input.text} on ${port.web}" }
}
process "web" {
  kind    = "web"
  command = ["serve", configure.file.page.path]
}
`

// rig is a stack with its book and world.
type rig struct {
	t     *testing.T
	fsys  disk.FS
	dir   string
	book  *apply.Book
	world *world
	vault map[string]string
	graph *eval.Graph
}

func newRig(t *testing.T, fsys disk.FS, dir string) *rig {
	r := &rig{t: t, fsys: fsys, dir: dir, world: newWorld(), vault: map[string]string{}}
	r.open()
	return r
}

func (r *rig) open() {
	r.t.Helper()
	book, err := apply.OpenBook(r.fsys, r.dir, "test", "/src")
	if err != nil {
		r.t.Fatal(err)
	}
	r.book = book
}

func (r *rig) seal(clear string) (string, error) {
	r.vault["id-"+clear] = clear
	return "id-" + clear, nil
}

func (r *rig) reveal(id string) (string, bool) { clear, ok := r.vault[id]; return clear, ok }

// evaluate makes the graph of a stack of apps of the recipe above.
func (r *rig) evaluate(stack string) {
	r.t.Helper()
	r.graph = graphOf(r.t, stack, recipe, r.world.Schema().Types)
}

// graphOf evaluates a stack whose apps are all of one recipe.
func graphOf(t testing.TB, stack, recipe string, types map[string]sdk.TypeSchema) *eval.Graph {
	t.Helper()
	parsed, diags := config.Load(fstest.MapFS{"stack.hcl": {Data: []byte(stack)}}, "stack.hcl")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	rec, diags := config.LoadRecipe(fstest.MapFS{"recipe.hcl": {Data: []byte(recipe)}}, ".")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	lock := &solve.Lock{Packages: []solve.Package{{Name: rec.Name, Version: "1.0.0"}}}
	for _, c := range parsed.Components {
		lock.Components = append(lock.Components, solve.Component{Component: c.Block})
	}
	graph, diags := eval.Make(context.Background(), eval.Input{Stack: parsed, Lock: lock, Types: types,
		Packages: []eval.Package{{Recipe: rec, Path: "/store/app"}}, Home: "/home", Owner: -1})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return graph
}

// plan plans, and sees that it does not matter whether all is looked at together or each node by itself.
func (r *rig) plan() *plan.Plan {
	r.t.Helper()
	p, other := r.planBy(0), r.planBy(1)
	if text, otherText := encoded(r.t, p), encoded(r.t, other); !bytes.Equal(text, otherText) {
		r.t.Fatalf("the plan is\n%s\nand node by node\n%s", text, otherText)
	}
	return p
}

func (r *rig) planBy(window int) *plan.Plan {
	r.t.Helper()
	p, diags := plan.Make(context.Background(), plan.Input{Graph: r.graph, State: r.book.Copy(), Provider: r.world,
		Seal: r.seal, Open: r.reveal, ID: func(s string) string { return s }, Now: time.Unix(0, 0), Window: window})
	if diags.HasErrors() {
		r.t.Fatal(diags)
	}
	return p
}

func encoded(t testing.TB, p *plan.Plan) []byte {
	t.Helper()
	text, err := plan.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (r *rig) carry(ctx context.Context) (apply.Result, error) {
	engine := &apply.Engine{Book: r.book, Graph: r.graph, Provider: r.world, Seal: r.seal, Open: r.reveal, ID: func(s string) string { return s }}
	return engine.Carry(ctx)
}

// apply plans and carries out, and returns how it ended.
func (r *rig) apply() apply.Result {
	r.t.Helper()
	if err := r.book.Begin(r.plan(), time.Unix(0, 0)); err != nil {
		r.t.Fatal(err)
	}
	result, err := r.carry(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	return result
}

// apps is a stack of apps in a chain, each with the text given.
func apps(text string, names ...string) string {
	s := `stack "test" {}` + "\n"
	for i, name := range names {
		s += fmt.Sprintf("app %q {\n  source = \"./app\"\n  inputs = { text = %q }\n  update { strategy = \"recreate\" }\n", name, text)
		if i > 0 {
			s += fmt.Sprintf("  depends_on = [app.%s]\n", names[i-1])
		}
		s += "}\n"
	}
	return s
}

// rolling is the stack with all of its apps updated without being away.
func rolling(stack string) string { return strings.ReplaceAll(stack, `"recreate"`, `"rolling"`) }

func TestApplyThenPlanIsEmpty(t *testing.T) {
	r := newRig(t, disk.OS{}, filepath.Join(t.TempDir(), "journal"))
	r.evaluate(apps("x", "a", "b", "c"))
	if result := r.apply(); result.Generation.Result != "done" || result.Generation.Number != 1 {
		t.Fatalf("it ended %+v", result.Generation)
	}
	if p := r.plan(); !p.Empty() || p.Kept != 12 {
		t.Errorf("planning again gives %v with %d kept", p.Count(), p.Kept)
	}
	for _, pair := range [][2]string{{"a", "b"}, {"b", "c"}} {
		if before, after := r.world.place("create app."+pair[0]+"[0].process.web"), r.world.place("create app."+pair[1]+"[0].configure.file.page"); before < 0 || before > after {
			t.Errorf("%s was not up before %s was configured: %v", pair[0], pair[1], r.world.ledger)
		}
	}
}

func TestChangePlansWhatItTouches(t *testing.T) {
	r := newRig(t, disk.OS{}, filepath.Join(t.TempDir(), "journal"))
	r.evaluate(apps("x", "a", "b"))
	r.apply()
	r.evaluate(strings.Replace(apps("x", "a", "b"), `"x"`, `"y"`, 1))
	p := r.plan()
	if want := map[plan.Action]int{plan.Update: 1, plan.Restart: 1}; fmt.Sprint(p.Count()) != fmt.Sprint(want) {
		t.Fatalf("the plan is %v, want %v", p.Count(), want)
	}
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Does() && c.Addr.Component.Name != "a" {
			t.Errorf("it touches %s", c.Addr)
		}
	}
}

func TestRemovalGoesBackwards(t *testing.T) {
	r := newRig(t, disk.OS{}, filepath.Join(t.TempDir(), "journal"))
	r.evaluate(apps("x", "a", "b", "c"))
	r.apply()
	r.world.ledger, r.graph = nil, nil
	r.apply()
	if len(r.world.things) > 0 {
		t.Errorf("left: %s", r.world.picture())
	}
	if c, a := r.world.place("delete app.c[0].process.web"), r.world.place("delete app.a[0].process.web"); c < 0 || c > a {
		t.Errorf("a went before c, which needs it: %v", r.world.ledger)
	}
}

func TestFailureTakesEverythingBack(t *testing.T) {
	r := newRig(t, disk.OS{}, filepath.Join(t.TempDir(), "journal"))
	r.evaluate(apps("x", "a", "b"))
	r.apply()
	before := r.world.picture()
	r.world.fail = func(address string, undo bool) error {
		if address == "app.c[0].process.web" && !undo {
			return errors.New("no licence")
		}
		return nil
	}
	r.evaluate(apps("y", "a", "b", "c"))
	result := r.apply()
	if g := result.Generation; g.Result != "undone" || !strings.Contains(g.Error, "no licence") {
		t.Fatalf("it ended %+v", g)
	}
	if after := r.world.picture(); after != before {
		t.Errorf("before:\n%s\nafter the undo:\n%s", before, after)
	}
	r.evaluate(apps("x", "a", "b"))
	if p := r.plan(); !p.Empty() {
		t.Errorf("something is left to do: %v", p.Count())
	}
}

func TestInterruptedRunIsCarriedOn(t *testing.T) {
	names := []string{"a", "b", "c"}
	// The agent ends before each of the changes in turn, and the next one goes on.
	for n := 1; n <= 12; n++ {
		r := newRig(t, disk.OS{}, filepath.Join(t.TempDir(), "journal"))
		r.evaluate(apps("x", names...))
		if err := r.book.Begin(r.plan(), time.Unix(0, 0)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		count := 0
		r.world.hook = func(string) {
			r.world.mu.Lock()
			defer r.world.mu.Unlock()
			if count++; count == n {
				cancel()
			}
		}
		if _, err := r.carry(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted at %d it returned %v", n, err)
		}
		cancel()
		if err := r.book.Close(); err != nil {
			t.Fatal(err)
		}
		r.world.hook = nil
		r.open()
		result, err := r.carry(context.Background())
		if err != nil || result.Generation.Result != "done" {
			t.Fatalf("interrupted at %d it went on to %+v, %v", n, result.Generation, err)
		}
		if p := r.plan(); !p.Empty() {
			t.Errorf("interrupted at %d, something is left to do: %v", n, p.Count())
		}
		if twice := doubled(r.world.ledger); twice != nil {
			t.Errorf("interrupted at %d, done twice: %v", n, twice)
		}
	}
}

func doubled(ledger []string) []string {
	sorted := slices.Sorted(slices.Values(ledger))
	var twice []string
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			twice = append(twice, sorted[i])
		}
	}
	return twice
}

func TestPowerCutAtEveryOperation(t *testing.T) {
	// One run on a disk that is counted, then one for every operation at which the power goes.
	total := func() int {
		d := disktest.New(1)
		r := newRig(t, d, "/journal")
		r.evaluate(apps("x", "a", "b"))
		start := d.Operations()
		r.apply()
		return d.Operations() - start
	}()
	for n := 1; n <= total; n++ {
		d := disktest.New(uint64(n))
		r := newRig(t, d, "/journal")
		r.evaluate(apps("x", "a", "b"))
		d.Inject(disktest.Fault{At: n, Cut: true})
		if err := r.book.Begin(r.plan(), time.Unix(0, 0)); err == nil {
			_, _ = r.carry(context.Background()) // it ends where the power does
		}
		d.Crash(uint64(n))
		r.open()
		if _, err := r.carry(context.Background()); err != nil && !strings.Contains(err.Error(), "there is no run") {
			t.Fatalf("after a power cut at %d: %v", n, err)
		}
		if p := r.plan(); !p.Empty() {
			r.apply() // the run was never begun, or was recorded as a whole
		}
		if p := r.plan(); !p.Empty() {
			t.Errorf("after a power cut at %d something is left to do: %v", n, p.Count())
		}
		if twice := doubled(r.world.ledger); twice != nil {
			t.Errorf("after a power cut at %d, done twice: %v", n, twice)
		}
	}
}

func TestStalePlanIsRefused(t *testing.T) {
	r := newRig(t, disk.OS{}, filepath.Join(t.TempDir(), "journal"))
	r.evaluate(apps("x", "a"))
	old := r.plan()
	r.apply()
	if err := r.book.Begin(old, time.Unix(0, 0)); !errors.Is(err, apply.ErrStale) {
		t.Errorf("a plan from before the last apply: %v", err)
	}
}

func TestOneRunAtATime(t *testing.T) {
	r := newRig(t, disk.OS{}, filepath.Join(t.TempDir(), "journal"))
	r.evaluate(apps("x", "a"))
	p := r.plan()
	if err := r.book.Begin(p, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	if err := r.book.Begin(p, time.Unix(0, 0)); !errors.Is(err, apply.ErrBusy) {
		t.Errorf("a second run: %v", err)
	}
}
