package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/nsynapse/recipe/planner/plan"
)

const fuzzedStack = `
stack "s" {}
variable "n" { default = 2 }
locals { names = [for i in range(var.n) : "a${i}"] }
app "web" {
  source    = "./web"
  instances = var.n
  inputs    = { text = join(",", local.names) }
}
output "url" { value = app.web.url }
`

const fuzzedRecipe = `
package {
  name    = "t/web"
  version = "1.0.0"
}
requires "events" { service = "bus" }
provides "http" {
  version = "1.1"
  port    = port.web
}
input "text" { type = string }
port "web" {}
secret "key" { length = 20 }
configure {
  file "page" { content = "${input.text} ${secret.key.value}" }
}
process "web" {
  command = ["/bin/true", configure.file.page.path]
  env     = { URL = bind.events.uri }
}
health {
  startup { http = "/" }
}
`

// FuzzCheck takes what is written through everything that recipe validate does: nothing in a stack or a recipe may make
// it panic, and no graph comes of what was refused.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(fuzzedStack), []byte(fuzzedRecipe), false)
	f.Add([]byte(`{"stack": {"s": {}}, "app": {"web": {"source": "./web", "inputs": {"text": "${1 + 1}"}}}}`), []byte(fuzzedRecipe), true)
	f.Fuzz(func(t *testing.T, stack, recipe []byte, json bool) {
		dir := t.TempDir()
		name := "stack.hcl"
		if json {
			name += ".json"
		}
		if err := os.MkdirAll(filepath.Join(dir, "web"), 0o755); err != nil {
			t.Fatal(err)
		}
		for path, content := range map[string][]byte{name: stack, "web/recipe.hcl": recipe} {
			if err := os.WriteFile(filepath.Join(dir, path), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		checked, err := Check(context.Background(), dir, PlanRequest{Path: dir, Recipe: "0.1.0"})
		if err != nil {
			return // it is told as an error and not as a diagnostic
		}
		failed := false
		for _, d := range checked.Diagnostics {
			failed = failed || d.Severity == "error"
		}
		if failed == (checked.Graph != nil) {
			t.Errorf("a graph is %v with %v", checked.Graph != nil, checked.Diagnostics)
		}
	})
}

// FuzzPlan shows what a file says is a plan: it is not trusted by anybody, and must not harm who looks at it.
func FuzzPlan(f *testing.F) {
	f.Add([]byte(`{"stack":"s","changes":[{"addr":"app.web","action":"create","type":"instance","needs":[0]}]}`))
	f.Add([]byte(`{"stack":"s","changes":[{"addr":"app.web[0].process.web","action":"restart","needs":[5,-1]}],"lock":{"components":[{"component":"app.web","package":9}]}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := (&SignedPlan{Plan: content}).Decode()
		if err != nil {
			return
		}
		_ = plan.Write(io.Discard, p, plan.TextOptions{})
		if _, err := json.Marshal(p); err != nil {
			t.Error(err)
		}
	})
}

// FuzzAPI sends foreign bodies to every address of the agent that takes one.
func FuzzAPI(f *testing.F) {
	f.Add("POST", "/v1/plan", []byte(`{"path":"/nowhere"}`))
	f.Add("POST", "/v1/apply", []byte(`{"plan":{"plan":{},"signature":""}}`))
	f.Add("POST", "/v1/units/restart", []byte(`{"stack":"s","components":["app.web"]}`))
	f.Add("GET", "/v1/logs?lines=-1&component=%00&stack=..", []byte(nil))
	f.Add("GET", "/v1/stacks/../outputs?secrets=x", []byte(nil))
	home, err := os.MkdirTemp("/tmp", "rf") // not f.TempDir, which the user that apps run as cannot reach
	if err != nil {
		f.Fatal(err)
	}
	if err := os.Chmod(home, 0o755); err != nil {
		f.Fatal(err)
	}
	a, err := New(Options{Home: filepath.Join(home, "h"), Program: os.Args[0]})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := errors.Join(a.Close(), os.RemoveAll(home)); err != nil {
			f.Error(err)
		}
	})
	handler := a.handler(func() {})
	f.Fuzz(func(t *testing.T, method, target string, body []byte) {
		request, err := http.NewRequest(method, "http://agent"+target, bytes.NewReader(body))
		if err != nil {
			return
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code < 100 || answer.Code > 599 {
			t.Errorf("it answers %d", answer.Code)
		}
	})
}
