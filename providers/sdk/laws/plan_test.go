package laws

import (
	"context"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// atlas is a shelf whose jars know beforehand where they will stand, and how full they will be.
type atlas struct{ *shelf }

func (a atlas) Schema() sdk.Schema {
	t := jarSchema()
	t.Plans = a.fault != "silent"
	t.Attributes["fill"] = sdk.Attribute{Type: cty.Number, Description: "How full it is.", Computed: true}
	return sdk.Schema{Types: map[string]sdk.TypeSchema{"jar": t}}
}

func (a atlas) Resource(string) sdk.Resource { return a }

func (a atlas) Plan(_ context.Context, q sdk.PlanRequest) (sdk.Planned, sdk.Diagnostics) {
	if a.fault == "acts" {
		a.jars["half "+a.last] = cty.EmptyObjectVal
	}
	all := q.Wanted.AsValueMap()
	p := sdk.Planned{Reason: "it is filled"}
	all["place"], all["fill"] = cty.UnknownVal(cty.String), cty.UnknownVal(cty.Number)
	if name := all["name"]; name.IsKnown() {
		all["place"] = cty.StringVal("shelf of " + name.AsString())
	}
	if jam := all["jam"]; jam.IsKnown() {
		all["fill"] = cty.NumberIntVal(int64(len(jam.AsString())))
		switch a.fault {
		case "tells":
			p.Reason += " with " + jam.AsString()
		case "stirs":
			all["jam"] = cty.StringVal("chutney")
		}
	} else if a.fault == "guesses" {
		all["fill"] = cty.Zero
	}
	if a.fault == "never sure" {
		all["fill"] = cty.UnknownVal(cty.Number)
	}
	if !q.Before.IsNull() {
		all["place"] = q.Before.GetAttr("place")
		if !q.Before.GetAttr("name").RawEquals(all["name"]) {
			p.Replace, all["place"] = []string{"name"}, cty.UnknownVal(cty.String)
		}
	}
	p.After = cty.ObjectVal(all)
	return p, nil
}

func (a atlas) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if r.After.IsNull() {
		return a.shelf.Apply(ctx, r)
	}
	all := r.After.AsValueMap()
	all["place"] = cty.StringVal("shelf of " + all["name"].AsString())
	all["fill"] = cty.NumberIntVal(int64(len(all["jam"].AsString())))
	if a.fault == "overfills" {
		all["fill"] = all["fill"].Add(cty.NumberIntVal(1))
	}
	wish := cty.ObjectVal(all)
	if err := a.Schema().Types["jar"].Held(r.Planned, wish); err != nil && a.fault != "heedless" && a.fault != "overfills" {
		if a.fault != "late" {
			return r.Before, sdk.Errorf("it would turn out otherwise", "%s", err)
		}
		a.jars["half "+a.last] = cty.EmptyObjectVal
		return r.Before, sdk.Errorf("it turned out otherwise", "%s", err)
	}
	r.After = wish
	return a.shelf.Apply(ctx, r)
}

func (a atlas) subject() Subject { return Subject{Provider: a, Type: "jar", Kill: a.kill} }

func TestSoundPlanner(t *testing.T) {
	a := atlas{&shelf{jars: map[string]cty.Value{}}}
	if _, faults := Schema(a.subject()); faults != nil {
		t.Error(faults)
	}
	fresh := a.fresh()
	for _, l := range All(a.subject()) {
		if err := l.Try(a.subject(), fresh); err != nil {
			t.Errorf("%s: %v", l.Name, err)
		}
	}
}

// Every fault of a planner breaks the law that is named beside it, with these words.
func TestFaultsOfPlannersAreFound(t *testing.T) {
	for fault, broken := range map[string]struct{ law, words string }{
		"acts":       {"plan", "a plan changes something"},
		"tells":      {"plan", "the reason shows a sensitive value"},
		"stirs":      {"plan", `"jam" in another way`},
		"never sure": {"plan", `what is there as it is wanted would be changed; "fill" differs`},
		"guesses":    {"plan of what is not known", `"jam" not known: what is said then is not true later`},
		"overfills":  {"create", `"fill" is not as it was planned`},
		"heedless":   {"plan that does not come true", "in another way than it was planned"},
		"late":       {"plan that does not come true", "refused after something was done"},
	} {
		t.Run(fault, func(t *testing.T) {
			a := atlas{&shelf{fault: fault, jars: map[string]cty.Value{}}}
			for _, l := range All(a.subject()) {
				if l.Name != broken.law {
					continue
				}
				if err := l.Try(a.subject(), a.fresh()); err == nil || !strings.Contains(err.Error(), broken.words) {
					t.Errorf("the law %q finds %v", l.Name, err)
				}
				return
			}
			t.Errorf("there is no law %q", broken.law)
		})
	}
	if _, faults := Schema(atlas{&shelf{fault: "silent"}}.subject()); len(faults) != 1 {
		t.Errorf("a schema that does not say that its type plans has the faults %v", faults)
	}
}
