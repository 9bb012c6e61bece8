package typed_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/plugin/plugintest"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/sdk/sdktest"
	"github.com/nsynapse/recipe/providers/sdk/typed"
)

// planned are letters that know their size beforehand. What gets shorter is written anew, by Plan's word, and so is a letter
// with another path, by the schema's.
func planned(plan func(p *typed.Prospect[letter]) error) typed.Type[letter] {
	t := letters()
	t.Plan = func(_ context.Context, p *typed.Prospect[letter]) error {
		if p.Knows("lines") {
			p.Wanted.Size = len(strings.Join(p.Wanted.Lines, "\n"))
			p.Settle("size")
		}
		if p.Before != nil && p.Wanted.Size < p.Before.Size {
			p.Replace("lines")
			p.Reason = "it gets shorter"
		}
		if plan != nil {
			return plan(p)
		}
		return nil
	}
	return t
}

func letterValues(path string, lines ...cty.Value) sdktest.Values {
	return sdktest.Values{"path": cty.StringVal(path), "lines": cty.ListVal(lines), "seal": cty.StringVal("wax and feathers")}
}

// A type with a Plan keeps all promises, those of a planner too, also through the protocol.
func TestPlannerConformance(t *testing.T) {
	plugintest.Run(t, sdktest.Suite{Provider: typed.Provider(planned(nil)), Type: "letter", Cases: []sdktest.Case{{Name: "letter", New: func(t *testing.T) sdktest.Thing {
		path := filepath.Join(t.TempDir(), "letter")
		set := func(line string) sdktest.Values {
			return letterValues(path, cty.StringVal(line), cty.StringVal("Yours"))
		}
		return sdktest.Thing{
			Create: set("Dear me"), Updates: []sdktest.Values{set("Dear foe"), set("Dear friend")}, Wrong: []sdktest.Values{set("Dear nobody")},
			Observe: func() any { text, _ := os.ReadFile(path); return string(text) },
			Damage:  func() { _ = os.Remove(path) },
		}
	}}}})
}

// What a Plan says becomes a plan.
func TestPlan(t *testing.T) {
	p := typed.Provider(planned(nil))
	schema, planner := p.Schema().Types["letter"], p.Resource("letter").(sdk.Planner)
	if !schema.Plans || typed.Provider(letters()).Schema().Types["letter"].Plans {
		t.Error("the schemas do not say what plans")
	}
	none := cty.NullVal(schema.Object())
	there := sdktest.Object(schema, sdktest.Values{"path": cty.StringVal("a"), "lines": cty.ListVal([]cty.Value{cty.StringVal("Dear friend")}), "size": cty.NumberIntVal(11)})
	for name, c := range map[string]struct {
		before  cty.Value
		path    string
		line    cty.Value
		size    cty.Value
		replace []string
	}{
		"new":       {none, "a", cty.StringVal("Dear me"), cty.NumberIntVal(7), nil},
		"not known": {none, "a", cty.UnknownVal(cty.String), cty.UnknownVal(cty.Number), nil},
		"longer":    {there, "a", cty.StringVal("Dear colleague"), cty.NumberIntVal(14), nil},
		"shorter":   {there, "a", cty.StringVal("Dear me"), cty.NumberIntVal(7), []string{"lines"}},
		"elsewhere": {there, "b", cty.StringVal("Dear friend"), cty.NumberIntVal(11), []string{"path"}},
		"the same":  {there, "a", cty.StringVal("Dear friend"), cty.NumberIntVal(11), nil},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := sdktest.Object(schema, letterValues(c.path, cty.StringVal("Dear all"))).AsValueMap()
			wanted["lines"], wanted["seal"] = cty.ListVal([]cty.Value{c.line}), cty.NullVal(cty.String)
			q := sdk.PlanRequest{Identity: sdk.Identity{Known: c.before}, Before: c.before, Wanted: cty.ObjectVal(wanted)}
			got, diags := planner.Plan(t.Context(), q)
			if diags.HasErrors() {
				t.Fatal(diags.Err())
			}
			if err := got.Check(schema, q); err != nil {
				t.Error(err)
			}
			if !got.After.GetAttr("size").RawEquals(c.size) || !slices.Equal(got.Replace, c.replace) {
				t.Errorf("it plans %#v, replaced for %q", got.After, got.Replace)
			}
		})
	}
}

// A Plan that says no is no plan, and a name that there is not is told.
func TestMistakesInPlan(t *testing.T) {
	for want, plan := range map[string]func(p *typed.Prospect[letter]) error{
		"no paper":                       func(*typed.Prospect[letter]) error { return errors.New("no paper") },
		`there is no attribute "weight"`: func(p *typed.Prospect[letter]) error { p.Settle("weight"); return nil },
		`there is no attribute "colour"`: func(p *typed.Prospect[letter]) error { p.Knows("colour"); return nil },
	} {
		p := typed.Provider(planned(plan))
		schema := p.Schema().Types["letter"]
		none := cty.NullVal(schema.Object())
		wanted := sdktest.Object(schema, letterValues("a", cty.StringVal("x")))
		if _, diags := p.Resource("letter").(sdk.Planner).Plan(t.Context(), sdk.PlanRequest{Before: none, Wanted: wanted}); !diags.HasErrors() || !strings.Contains(diags.Err().Error(), want) {
			t.Errorf("it says %v, not %q", diags.Err(), want)
		}
	}
}
