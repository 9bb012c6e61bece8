package bus

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

func apply(t *testing.T, before, after cty.Value) cty.Value {
	t.Helper()
	v, diagnostics := Provider().Resource("bus_user").Apply(t.Context(), sdk.ApplyRequest{
		Identity: sdk.Identity{Address: "a", Stack: "shop", Known: before}, Before: before, After: after, Token: "t",
	})
	if err := diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	return v
}

func read(t *testing.T, known cty.Value) cty.Value {
	t.Helper()
	v, diagnostics := Provider().Resource("bus_user").Read(t.Context(), sdk.Identity{Address: "a", Stack: "shop", Known: known})
	if err := diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestProviderBringsUsersAndTakesThemBack(t *testing.T) {
	dir := t.TempDir()
	first := account{dir, "app1", password}.value()
	changed := account{dir, "app1", password + "2"}.value()
	other := account{dir, "app2", password}.value()
	steps := []cty.Value{absent(), first, changed, first, other, absent()}
	for i, after := range steps[1:] {
		before := steps[i]
		for attempt := range 2 { // the second as after a crash
			if v := apply(t, before, after); !v.RawEquals(after) {
				t.Errorf("step %d, attempt %d: got %#v", i, attempt, v)
			}
		}
		known := after
		if after.IsNull() {
			known = before
		}
		if v := read(t, known); !v.RawEquals(after) {
			t.Errorf("step %d: read %#v", i, v)
		}
	}
	for _, gone := range []string{"app1", "app2"} {
		if found, err := hasUser(dir, gone); found || err != nil {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
}

func TestProviderSeesAnotherPassword(t *testing.T) {
	dir := t.TempDir()
	v := apply(t, absent(), account{dir, "app1", password}.value())
	mustAdd(t, dir, "app1", "another")
	if seen := read(t, v); seen.RawEquals(v) || !seen.GetAttr("username").RawEquals(v.GetAttr("username")) {
		t.Errorf("read %#v", seen)
	}
	apply(t, v, v)
	if seen := read(t, v); !seen.RawEquals(v) {
		t.Errorf("read %#v after repair", seen)
	}
}

func TestProviderSaysWhatIsWrong(t *testing.T) {
	after := account{t.TempDir(), "a/b", password}.value()
	v, diagnostics := Provider().Resource("bus_user").Apply(t.Context(), sdk.ApplyRequest{Before: absent(), After: after})
	if !diagnostics.HasErrors() || !v.IsNull() {
		t.Errorf("got %#v, %v", v, diagnostics)
	}
	if Provider().Resource("other") != nil {
		t.Error("there is another type")
	}
}
