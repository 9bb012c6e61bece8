package host_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/plugin/host"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
)

func draftOf(t testing.TB, p *host.Plugin) sdk.Planner {
	t.Helper()
	planner, ok := p.Resource("draft").(sdk.Planner)
	if !ok {
		t.Fatal("the type does not plan")
	}
	if _, plans := p.Resource("note").(sdk.Planner); plans {
		t.Error("a type plans that does not say so")
	}
	return planner
}

func planOf(wanted cty.Value) sdk.PlanRequest {
	none := cty.NullVal(wanted.Type())
	return sdk.PlanRequest{Identity: sdk.Identity{Address: "app.a", Stack: "s", Known: none}, Before: none, Wanted: wanted}
}

// A planner in a process of its own keeps all promises of one.
func TestPlannerConformance(t *testing.T) {
	w := newWorld(t, host.Options{})
	p := w.open("sound")
	sdktest.Run(t, sdktest.Suite{Provider: p, Type: "draft", Kill: p.Kill, Cases: []sdktest.Case{{Name: "draft", New: func(t *testing.T) sdktest.Thing {
		path := filepath.Join(t.TempDir(), "draft")
		set := func(text string) sdktest.Values {
			return sdktest.Values{"path": cty.StringVal(path), "text": cty.StringVal(text), "seal": cty.StringVal("the king himself")}
		}
		return sdktest.Thing{
			Create: set("one"), Updates: []sdktest.Values{set("two"), set("three")}, Wrong: []sdktest.Values{set("no note")},
			Observe: func() any { text, _ := os.ReadFile(path); return string(text) },
			Damage:  func() { _ = os.WriteFile(path, []byte("four"), 0o600) },
		}
	}}}})
}

// What a planner says arrives: what it knows, what it does not, what needs a new thing and why.
func TestPlan(t *testing.T) {
	w := newWorld(t, host.Options{})
	d := draftOf(t, w.open("sound"))
	wanted := w.wanted("hello")
	p, diags := d.Plan(t.Context(), planOf(wanted))
	if diags.HasErrors() || !p.After.GetAttr("size").RawEquals(cty.NumberIntVal(5)) || p.After.GetAttr("label").IsKnown() || p.Replace != nil {
		t.Fatalf("it plans %#v and says %v", p, diags.Err())
	}
	if p.Reason != "it is rewritten" {
		t.Errorf("the reason is %q", p.Reason)
	}
	made := creation(wanted)
	made.Planned = p.After
	v, diags := d.Apply(t.Context(), made)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	next := planOf(w.wanted("hi"))
	next.Before, next.Known = v, v
	if p, diags = d.Plan(t.Context(), next); diags.HasErrors() || len(p.Replace) != 1 || p.Replace[0] != "text" {
		t.Errorf("it plans %#v and says %v", p, diags.Err())
	}
	all := wanted.AsValueMap()
	all["text"] = cty.UnknownVal(cty.String)
	next.Wanted = cty.ObjectVal(all)
	if p, diags = d.Plan(t.Context(), next); diags.HasErrors() || p.After.GetAttr("size").IsKnown() || p.After.GetAttr("text").IsKnown() {
		t.Errorf("it plans %#v and says %v", p, diags.Err())
	}
}

// A plugin that hangs in a plan is killed, and the next call starts it anew.
func TestHangingPlan(t *testing.T) {
	w := newWorld(t, host.Options{Patience: 2 * time.Second})
	d := draftOf(t, w.open("hangs-planning"))
	for range 2 {
		_, diags := d.Plan(t.Context(), planOf(w.wanted("x")))
		if err := diags.Err(); err == nil || !strings.Contains(err.Error(), "it said nothing for 2s and was killed") {
			t.Errorf("it says %v", err)
		}
	}
	if _, diags := d.Read(t.Context(), sdk.Identity{Address: "app.a", Stack: "s", Known: cty.NullVal(noteSchema.Object())}); diags.HasErrors() {
		t.Errorf("it does not start again: %v", diags.Err())
	}
}

// What was planned has to come true. Where that is seen before the plugin is asked, nothing is done.
func TestPlannedHasToComeTrue(t *testing.T) {
	w := newWorld(t, host.Options{})
	apply := func(fault string, planned cty.Value) string {
		r := creation(w.wanted("hello"))
		r.Planned = planned
		v, diags := draftOf(t, w.open(fault)).Apply(t.Context(), r)
		if v != cty.NilVal && !v.IsNull() || !diags.HasErrors() {
			t.Errorf("%s: it leaves %#v", fault, v)
			return ""
		}
		return diags.Err().Error()
	}
	planned := func(text string, size int64) cty.Value {
		all := w.wanted(text).AsValueMap()
		all["size"], all["label"] = cty.NumberIntVal(size), cty.UnknownVal(cty.String)
		return cty.ObjectVal(all)
	}
	if got := apply("sound", planned("bye", 5)); !strings.Contains(got, `it would not turn out as the plan shows: What it is made from has changed since: the attribute "text"`) {
		t.Errorf("of another text it says %s", got)
	}
	if got := apply("sound", planned("hello", 6)); !strings.Contains(got, "it would turn out otherwise") {
		t.Errorf("of another size it says %s", got)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "note")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
	if got := apply("lies", planned("hello", 5)); !strings.Contains(got, `the plugin lies gave an answer that cannot be used: the attribute "size" is not as it was planned`) {
		t.Errorf("of a lie it says %s", got)
	}
}

// An earlier recipe asks for no plans. A change that needs a new thing by the plugin's word alone is refused then, others are made.
func TestEarlierRecipe(t *testing.T) {
	w := newWorld(t, host.Options{})
	d := draftOf(t, w.open("sound"))
	v, diags := d.Apply(t.Context(), creation(w.wanted("hello")))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	change := creation(w.wanted("hello, you"))
	change.Before, change.Known = v, v
	if v, diags = d.Apply(t.Context(), change); diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	change.Before, change.Known, change.After = v, v, w.wanted("hi")
	if _, diags = d.Apply(t.Context(), change); !diags.HasErrors() || !strings.Contains(diags.Err().Error(), "this change needs a newer recipe: A change of text needs a new thing") {
		t.Errorf("it says %v", diags.Err())
	}
	if text, err := os.ReadFile(filepath.Join(w.dir, "note")); err != nil || string(text) != "hello, you" {
		t.Errorf("the note says %q: %v", text, err)
	}
}
