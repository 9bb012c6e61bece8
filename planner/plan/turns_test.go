package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"github.com/nsynapse/recipe/executor/local"
	"github.com/nsynapse/recipe/executor/router"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/eval"
	. "github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/solve"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/sdk"
)

// turned is an app as the stack has it.
type turned struct {
	name               string
	instances, backups int
}

// turnedRecipe has two processes and, besides, a step between them and what they are made from.
const turnedRecipe = `
package {
  name    = "test/turned"
  version = "1.0.0"
}
port "web" {}
step "before" { command = ["true"] }
process "web" { command = ["web"] }
process "work" {
  kind    = "worker"
  command = ["work"]
}
update { strategy = "recreate" }
`

// turnedGraph is what a stack of such apps wants.
func turnedGraph(t *rapid.T, types sdk.Provider, apps []turned) *eval.Graph {
	var text strings.Builder
	text.WriteString("stack \"turns\" {}\n")
	lock := &solve.Lock{Packages: []solve.Package{{Name: "test/turned", Version: "1.0.0", Origin: "./turned"}}}
	for _, a := range apps {
		fmt.Fprintf(&text, "app %q {\n  source    = \"./turned\"\n  instances = %d\n  backups   = %d\n}\n", a.name, a.instances, a.backups)
		lock.Components = append(lock.Components, solve.Component{Component: addr.Component{Kind: addr.App, Name: a.name}})
	}
	files := fstest.MapFS{"stack.hcl": {Data: []byte(text.String())}, "recipe.hcl": {Data: []byte(turnedRecipe)}}
	stack, diags := config.Load(files, "stack.hcl")
	recipe, more := config.LoadRecipe(files, "")
	if diags = append(diags, more...); diags.HasErrors() {
		t.Fatal(diags)
	}
	graph, diags := eval.Make(t.Context(), eval.Input{Stack: stack, Lock: lock, Packages: []eval.Package{{Recipe: recipe, Path: "/store/turned"}},
		Types: types.Schema().Types, Home: "/recipe", Owner: -1, Program: "/recipe/bin/recipe"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return graph
}

// before is a state in which all of the graph is there, but for what each process is said to be.
func before(t *rapid.T, in Input, fate map[addr.Instance]string) *state.State {
	in.State = state.New("turns", "/home/ann/turns", "turns")
	first, diags := Make(t.Context(), in)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for i := range first.Changes {
		c := &first.Changes[i]
		o := &state.Object{Addr: c.Addr, Type: c.Type, Value: c.After}
		for _, need := range c.Needs {
			o.Needs = append(o.Needs, first.Changes[need].Addr)
		}
		if c.Type == "instance" {
			fate[c.Addr] = rapid.SampledFrom([]string{"stays", "is replaced", "is new"}).Draw(t, c.Addr.String())
		}
		o.Tainted = fate[c.Addr] == "is replaced"
		if fate[c.Addr] != "is new" {
			in.State.Objects[c.Addr] = o
		}
	}
	return in.State
}

// The processes of a component with backups are changed one instance after another, the highest first. What is new waits for
// nobody's turn, and neither does any other component. An edge leads to the turn before, and to none before that.
func TestTurns(t *testing.T) {
	provider := turningProvider(t)
	rapid.Check(t, func(t *rapid.T) {
		var apps []turned
		for i := range rapid.IntRange(1, 3).Draw(t, "apps") {
			apps = append(apps, turned{fmt.Sprintf("a%d", i), rapid.IntRange(1, 3).Draw(t, "instances"), rapid.IntRange(0, 3).Draw(t, "backups")})
		}
		in := turningInput(t, provider, apps)
		fate := map[addr.Instance]string{}
		in.State = before(t, in, fate)
		p, diags := Make(t.Context(), in)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		checkTurns(t, p, apps, fate)
	})
}

// checkTurns looks at each two processes of different instances: one waits for the other if their turns say so, and only then.
func checkTurns(t *rapid.T, p *Plan, apps []turned, fate map[addr.Instance]string) {
	backups := map[string]int{}
	for _, a := range apps {
		backups[a.name] = a.backups
	}
	reach := reached(p)
	changed := 0
	for i := range p.Changes {
		late := &p.Changes[i]
		if late.Type != "instance" {
			continue
		}
		if fate[late.Addr] == "stays" {
			t.Errorf("%s is to be %s, and nothing differs", late.Addr, late.Action)
		}
		changed++
		waits := map[addr.Instance]bool{}
		for _, need := range late.Needs {
			if c := &p.Changes[need]; c.Type == "instance" {
				waits[c.Addr.Whole()] = true
			}
		}
		if len(waits) > 1 {
			t.Errorf("%s waits for more than one instance, which would be many edges: %v", late.Addr, waits)
		}
		for j := range p.Changes {
			early := &p.Changes[j]
			if early.Type != "instance" || early.Addr.Whole() == late.Addr.Whole() {
				continue
			}
			inTurn := early.Addr.Component == late.Addr.Component && backups[late.Addr.Component.Name] > 0 &&
				early.Addr.Index > late.Addr.Index && early.Action != Create && late.Action != Create
			if reach[i][j] != inTurn {
				t.Errorf("%s of %s waits for %s of %s: %t, and not %t", late.Action, late.Addr, early.Action, early.Addr, reach[i][j], inTurn)
			}
		}
	}
	wanted := 0
	for _, f := range fate {
		if f != "stays" {
			wanted++
		}
	}
	if changed != wanted {
		t.Errorf("%d processes change, and not %d", changed, wanted)
	}
}

// reached tells of each change which ones come before it by need.
func reached(p *Plan) []map[int]bool {
	reach := make([]map[int]bool, len(p.Changes))
	for i := range p.Changes {
		reach[i] = map[int]bool{}
		for _, need := range p.Changes[i].Needs {
			reach[i][int(need)] = true
			for n := range reach[need] {
				reach[i][n] = true
			}
		}
	}
	return reach
}

func turningProvider(t *testing.T) sdk.Provider {
	t.Helper()
	p, err := sdk.Union(builtin.New(builtin.Options{}), local.New(local.Options{}), router.NewEndpoints(nil, nil), router.NewRoutes(router.Addresses{}, nil))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// turningInput is for a plan that takes the state as it is.
func turningInput(t *rapid.T, p sdk.Provider, apps []turned) Input {
	return Input{Graph: turnedGraph(t, p, apps), Provider: p, Trust: true, Now: time.Unix(1, 0),
		Seal: func(string) (string, error) { return "sealed", nil }, ID: func(string) string { return "sealed" },
		Open: func(string) (string, bool) { return "", false }}
}
