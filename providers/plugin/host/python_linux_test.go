package host_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/plugin/host"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

// The protocol is not Go's alone: a plugin in Python keeps all promises too.
func TestPython(t *testing.T) {
	if out, err := exec.Command("/usr/bin/python3", "-c", "import grpc, google.protobuf").CombinedOutput(); err != nil && os.Getenv("CI") == "" {
		t.Skipf("there is no gRPC for Python: install python3-grpcio and python3-protobuf: %s", out)
	}
	program := filepath.Join(t.TempDir(), "notes.py")
	if err := os.CopyFS(filepath.Dir(program), os.DirFS("../../../examples/plugin-python")); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, host.Options{})
	p, err := w.host.Open(t.Context(), "acme/notes", program, "python")
	if err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Join(filepath.Dir(program), "*")); len(files) != 2 {
		t.Errorf("it writes beside its program, where nothing may change if it is in the store: %v", files)
	}
	if s, diags := p.Resource("notes_note").(sdk.Observer).Status(t.Context(), sdk.Identity{Address: "app.a", Stack: "s", Known: cty.NullVal(p.Schema().Types["notes_note"].Object())}); s != nil || diags.HasErrors() {
		t.Errorf("without a Status it tells %+v: %v", s, diags.Err())
	}
	sdktest.Run(t, sdktest.Suite{Provider: p, Type: "notes_note", Kill: p.Kill, Cases: []sdktest.Case{{Name: "note", New: func(t *testing.T) sdktest.Thing {
		path := filepath.Join(t.TempDir(), "note")
		set := func(text string) sdktest.Values {
			return sdktest.Values{"path": cty.StringVal(path), "text": cty.StringVal(text), "seal": cty.StringVal("the king himself")}
		}
		return sdktest.Thing{
			Create: set("eins"), Updates: []sdktest.Values{set("zwei"), {"path": cty.StringVal(path)}}, // each as long or longer
			Wrong:   []sdktest.Values{{"path": cty.StringVal(filepath.Join(path, "below"))}},
			Observe: func() any { text, _ := os.ReadFile(path); return string(text) },
			Damage:  func() { _ = os.Remove(path) },
		}
	}}}})

	planner, ok := p.Resource("notes_note").(sdk.Planner)
	if !ok {
		t.Fatal("a note does not plan")
	}
	schema := p.Schema().Types["notes_note"]
	there := sdktest.Object(schema, sdktest.Values{"path": cty.StringVal("a"), "text": cty.StringVal("eins zwei"), "size": cty.NumberIntVal(9)})
	wanted := sdktest.Object(schema, sdktest.Values{"path": cty.StringVal("a"), "text": cty.StringVal("drei")})
	planned, diags := planner.Plan(t.Context(), sdk.PlanRequest{Identity: sdk.Identity{Address: "app.a", Stack: "s", Known: there}, Before: there, Wanted: wanted})
	if diags.HasErrors() || !slices.Equal(planned.Replace, []string{"text"}) || !planned.After.GetAttr("size").RawEquals(cty.NumberIntVal(4)) {
		t.Errorf("it plans %#v and says %v", planned, diags.Err())
	}
}
