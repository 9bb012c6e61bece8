package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/recipes"
)

// TestT20Written looks in a plan for the files with secrets that the recipes of the box will write: TestT20Canaries has to know
// each of them. It installs nothing, so it sees on any machine what that life sees only where it has real servers.
func TestT20Written(t *testing.T) {
	p := newPlace(t)
	var requires strings.Builder
	boxed, err := recipes.FS.ReadDir(".")
	p.must(err)
	for _, recipe := range boxed {
		fmt.Fprintf(&requires, "requires %q { service = %q }\n", recipe.Name(), recipe.Name())
	}
	p.write("stack.hcl", `stack "canary" {}`+"\n"+`app "web" { source = "./web" }`)
	p.write("web/recipe.hcl", `package {
  name    = "test/web"
  version = "1.0.0"
}
`+requires.String()+`
process "web" { command = ["$APP"] }
`)
	p.mustRecipe("plan", "-out=first.plan")
	var first plan.Plan
	p.must(json.Unmarshal([]byte(p.mustRecipe("show", "-json", "first.plan")), &first))
	written := p.written(&first)
	for _, name := range written {
		if !deliveries.MatchString(name) {
			t.Errorf("%s will hold a secret, and the judge knows nothing of it", name)
		}
	}
	if !slices.Contains(written, "postgresql.0/config/passwords") || len(first.Changes) < 8*len(boxed) {
		t.Errorf("the plan has not all recipes of the box, or not the secrets of their files: %v", written)
	}
	torture.Report(t, "T20", "%d recipes of the box write %d files with secrets: the judge knows all", len(boxed), len(written))
}

// written are the files with secrets that a plan writes, below the instances of the stack.
func (p *place) written(of *plan.Plan) (files []string) {
	p.Helper()
	for _, c := range of.Changes {
		if c.Type != "file" && c.Type != "template" {
			continue
		}
		var after struct {
			Base, File, Name string
			Content          json.RawMessage
		}
		p.must(json.Unmarshal(c.After, &after))
		if !bytes.Contains(after.Content, []byte(`"$secret"`)) && !bytes.Contains(after.Content, []byte(`"sensitive"`)) {
			continue
		}
		if after.File == "" {
			after.File = after.Name
		}
		name, err := filepath.Rel(filepath.Join(p.home, "stacks", "canary", "instances"), filepath.Join(after.Base, after.File))
		p.must(err)
		files = append(files, name)
	}
	return files
}
