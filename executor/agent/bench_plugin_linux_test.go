package agent

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A hundred types of a plugin are planned without starting it, once it is known.
func TestPlanOfHundredPluginTypes(t *testing.T) {
	home, dir := hundredTypes(t)
	planOnce(t, home, dir) // this starts it, and asks for its types
	planOnce(t, home, dir)
	if left, _ := filepath.Glob(filepath.Join(home, "plugins", "run", "*")); len(left) > 0 {
		t.Error("the plugin was started to plan")
	}
}

// BenchmarkPlanOfHundredPluginTypes is such a plan by an agent that has just begun.
func BenchmarkPlanOfHundredPluginTypes(b *testing.B) {
	home, dir := hundredTypes(b)
	first := planOnce(b, home, dir)
	var plans []float64
	for b.Loop() {
		plans = append(plans, float64(planOnce(b, home, dir))/float64(time.Millisecond))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(first)/float64(time.Millisecond), "first-ms")
	b.ReportMetric(slices.Min(plans), "best-ms")
}

// hundredTypes makes a plugin with a hundred types and a stack with a resource of each, and returns an empty home and the
// directory of the stack.
func hundredTypes(t testing.TB) (home, dir string) {
	t.Helper()
	dir = t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "demo"), "../../cmd/recipe/testdata/plugin").CombinedOutput(); err != nil {
		t.Fatalf("cannot build the plugin: %v\n%s", err, out)
	}
	recipe := "package {\n  name = \"test/web\"\n  version = \"1.0.0\"\n}\nconfigure {\n  demo_note \"n\" {\n    path = \"/x\"\n    text = \"y\"\n  }\n"
	for i := range 99 {
		recipe += fmt.Sprintf("  demo_note_%d \"n\" {\n    path = \"/x\"\n    text = \"y\"\n  }\n", i+1)
	}
	for name, text := range map[string]string{
		"stack.hcl":      "stack \"many\" {}\nuses_provider \"acme/demo\" { source = \"./demo\" }\napp \"web\" { source = \"./web\" }\n",
		"web/recipe.hcl": recipe + "}\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	home, err := os.MkdirTemp("", "many") // apps have to get there
	if err == nil {
		err = os.Chmod(home, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	return home, dir
}

// planOnce plans the stack in dir with a fresh agent, and says how long the plan took.
func planOnce(t testing.TB, home, dir string) time.Duration {
	t.Helper()
	a, err := New(Options{Home: home, Program: "/recipe", Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	begin := time.Now()
	answer, err := a.plan(t.Context(), PlanRequest{Path: dir})
	took := time.Since(begin)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Plan == nil || strings.Count(string(answer.Plan.Plan), `"type":"demo_note`) != 100 {
		t.Fatalf("not planned: %v", answer.Diagnostics)
	}
	return took
}
