package sdk_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/providers/sdk"
)

// loaf is a type with every kind of attribute.
var loaf = sdk.TypeSchema{Attributes: map[string]sdk.Attribute{
	"name":   {Type: cty.String, Required: true, Replace: true},
	"seeds":  {Type: cty.List(cty.String)},
	"weight": {Type: cty.Number, Computed: true, Optional: true},
	"baker":  {Type: cty.String, Computed: true, Stable: true},
}}

var (
	unknown = cty.UnknownVal(cty.String)
	seeds   = cty.ListVal([]cty.Value{cty.StringVal("poppy"), unknown})
)

// bread is a loaf: the attributes are those of base but for the named one.
func bread(base map[string]cty.Value, name string, v cty.Value) cty.Value {
	all := map[string]cty.Value{"name": cty.StringVal("rye"), "seeds": seeds, "weight": cty.NullVal(cty.Number), "baker": cty.NullVal(cty.String)}
	for n, part := range base {
		all[n] = part
	}
	if name != "" {
		all[name] = v
	}
	return cty.ObjectVal(all)
}

// What a planner may say of a loaf, and what it may not.
func TestPlannedCheck(t *testing.T) {
	none := cty.NullVal(loaf.Object())
	there := bread(map[string]cty.Value{"seeds": cty.NullVal(cty.List(cty.String)), "weight": cty.NumberIntVal(500), "baker": cty.StringVal("Ann")}, "", cty.NilVal)
	wheat := bread(there.AsValueMap(), "name", cty.StringVal("wheat"))
	planned := map[string]cty.Value{"weight": cty.NumberIntVal(700), "baker": cty.StringVal("Ann")}
	set := func(name string, v cty.Value) cty.Value { return bread(planned, name, v) }
	for name, c := range map[string]struct {
		before, after cty.Value
		replace       []string
		want          string // "" for a sound answer
	}{
		"new":                 {none, set("baker", unknown), nil, ""},
		"changed":             {there, set("", cty.NilVal), nil, ""},
		"unknown besides":     {there, set("weight", cty.UnknownVal(cty.Number).RefineNotNull()), nil, ""},
		"replaced":            {there, set("baker", unknown), []string{"seeds"}, ""},
		"nothing":             {none, none, nil, "plans nothing"},
		"no value":            {none, cty.NilVal, nil, "plans nothing"},
		"wholly unknown":      {none, cty.UnknownVal(loaf.Object()), nil, "unknown as a whole"},
		"another type":        {none, cty.EmptyObjectVal, nil, "not of the type"},
		"marks":               {none, set("name", cty.StringVal("rye").Mark("x")), nil, "marks"},
		"another name":        {none, set("name", cty.StringVal("wheat")), nil, `"name" in another way`},
		"hidden name":         {none, set("name", unknown), nil, `"name" in another way`},
		"guessed seed":        {none, set("seeds", cty.ListVal([]cty.Value{cty.StringVal("poppy"), cty.StringVal("flax")})), nil, `"seeds" in another way`},
		"fewer seeds":         {none, set("seeds", cty.ListVal([]cty.Value{unknown})), nil, `"seeds" in another way`},
		"computed null":       {none, set("weight", cty.NullVal(cty.Number)), nil, `computed attribute "weight"`},
		"stable changes":      {there, set("baker", cty.StringVal("Bob")), nil, `stable attribute "baker"`},
		"stable unknown":      {there, set("baker", unknown), nil, `stable attribute "baker"`},
		"replaces nothing":    {none, set("", cty.NilVal), []string{"seeds"}, "what is not there"},
		"replaces for none":   {there, set("", cty.NilVal), []string{}, "does not say for which"},
		"replaces for what":   {there, set("", cty.NilVal), []string{"crust"}, "no such attribute"},
		"replaces the same":   {there, set("", cty.NilVal), []string{"name"}, "does not change"},
		"keeps what replaces": {wheat, set("", cty.NilVal), nil, `"name" in place`},
	} {
		t.Run(name, func(t *testing.T) {
			q := sdk.PlanRequest{Before: c.before, Wanted: bread(nil, "", cty.NilVal)}
			err := sdk.Planned{After: c.after, Replace: c.replace}.Check(loaf, q)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// What was planned has to come true, and what was not known may come in any way.
func TestHeld(t *testing.T) {
	made := map[string]cty.Value{"seeds": cty.ListVal([]cty.Value{cty.StringVal("poppy"), cty.StringVal("flax")}), "weight": cty.NumberIntVal(700), "baker": cty.StringVal("Ann")}
	planned := bread(map[string]cty.Value{"weight": cty.NumberIntVal(700), "baker": unknown}, "", cty.NilVal)
	for name, c := range map[string]struct {
		v    cty.Value
		want string
	}{
		"true":          {bread(made, "", cty.NilVal), ""},
		"not yet made":  {bread(made, "weight", cty.NullVal(cty.Number)), ""},
		"gone":          {cty.NullVal(loaf.Object()), ""},
		"lighter":       {bread(made, "weight", cty.NumberIntVal(600)), `"weight"`},
		"another seed":  {bread(made, "seeds", cty.ListVal([]cty.Value{cty.StringVal("flax"), cty.StringVal("flax")})), `"seeds"`},
		"without seeds": {bread(made, "seeds", cty.NullVal(cty.List(cty.String))), `"seeds"`},
	} {
		err := loaf.Held(planned, c.v)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if err := loaf.Held(cty.NilVal, bread(made, "", cty.NilVal)); err != nil {
		t.Errorf("no plan promises: %v", err)
	}
}
