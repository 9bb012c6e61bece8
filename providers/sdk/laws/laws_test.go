package laws

import (
	"context"
	"maps"
	"sync"
	"testing"

	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/zclconf/go-cty/cty"
)

// shelf is a provider of one type, "jar", whose things stand in memory. Each fault breaks one promise.
type shelf struct {
	fault string
	mu    sync.Mutex
	jars  map[string]cty.Value
	made  int
	last  string // the name of the last jar that was prepared
}

func jarSchema() sdk.TypeSchema {
	return sdk.TypeSchema{
		Description: "A jar on a shelf.",
		Attributes: map[string]sdk.Attribute{
			"name":  {Type: cty.String, Description: "Its label.", Required: true, Replace: true},
			"jam":   {Type: cty.String, Description: "What is in it.", Required: true, Sensitive: true},
			"place": {Type: cty.String, Description: "Where it stands.", Computed: true, Stable: true},
		},
	}
}

func (s *shelf) Schema() sdk.Schema {
	return sdk.Schema{Types: map[string]sdk.TypeSchema{"jar": jarSchema()}}
}

func (s *shelf) Resource(name string) sdk.Resource { return s }

func (s *shelf) Read(_ context.Context, id sdk.Identity) (cty.Value, sdk.Diagnostics) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id.Known.IsNull() {
		return id.Known, nil
	}
	if s.fault == "blind" {
		return id.Known, nil
	}
	if v, ok := s.jars[id.Known.GetAttr("name").AsString()]; ok {
		return v, nil
	}
	return cty.NullVal(jarSchema().Object()), nil
}

func (s *shelf) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.After.IsNull() {
		return s.take(r)
	}
	all := r.After.AsValueMap()
	name, jam := all["name"].AsString(), all["jam"].AsString()
	if jam == "mould" {
		return cty.NullVal(jarSchema().Object()), sdk.Errorf("bad jam", "it is mouldy")
	}
	s.made++
	if all["place"].IsNull() {
		all["place"] = cty.StringVal("shelf of " + name)
	}
	switch {
	case s.fault == "computed null":
		all["place"] = cty.NullVal(cty.String)
	case s.fault == "leak":
		all["place"] = cty.StringVal("beside the " + jam)
	case s.fault == "undo nothing" && r.Undo:
		return r.After, nil
	}
	s.jars[name] = cty.ObjectVal(all)
	if s.fault == "half" && ctx.Err() != nil {
		s.jars["half "+name] = cty.ObjectVal(all)
	}
	return cty.ObjectVal(all), nil
}

func (s *shelf) take(r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	name := r.Before.GetAttr("name").AsString()
	if _, ok := s.jars[name]; !ok && s.fault == "once" {
		return r.After, sdk.Errorf("no such jar", "%s", name)
	}
	if s.fault != "keeps" {
		delete(s.jars, name)
	}
	return r.After, nil
}

func (s *shelf) subject() Subject { return Subject{Provider: s, Type: "jar", Kill: s.kill} }

func (s *shelf) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == "litter" {
		s.jars["half "+s.last] = cty.EmptyObjectVal
	}
}

// fresh returns a function that makes jars.
func (s *shelf) fresh() func() Thing {
	number := 0
	return func() Thing {
		number++
		name := cty.NumberIntVal(int64(number)).GoString()
		s.last = name
		set := func(jam string) Values { return Values{"name": cty.StringVal(name), "jam": cty.StringVal(jam)} }
		return Thing{
			Create:  set("strawberry"),
			Updates: []Values{set("apricot"), set("raspberry")},
			Wrong:   []Values{set("mould")},
			Observe: func() any {
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.fault == "counts" {
					return s.made
				}
				seen := maps.Clone(s.jars)
				maps.DeleteFunc(seen, func(n string, _ cty.Value) bool { return n != name && n != "half "+name })
				return len(seen)
			},
			Damage: func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				delete(s.jars, name)
			},
		}
	}
}

func TestSoundProvider(t *testing.T) {
	s := &shelf{jars: map[string]cty.Value{}}
	fresh := s.fresh()
	for _, l := range All(s.subject()) {
		if err := l.Try(s.subject(), fresh); err != nil {
			t.Errorf("%s: %v", l.Name, err)
		}
	}
}

// Every fault breaks at least the law that is named beside it.
func TestFaultsAreFound(t *testing.T) {
	for fault, name := range map[string]string{
		"blind":         "drift",
		"computed null": "create",
		"leak":          "create",
		"undo nothing":  "undo deletion",
		"half":          "interrupted creation",
		"once":          "delete",
		"keeps":         "undo creation",
		"counts":        "same token",
		"litter":        "killed creation",
	} {
		t.Run(fault, func(t *testing.T) {
			s := &shelf{fault: fault, jars: map[string]cty.Value{}}
			for _, l := range All(s.subject()) {
				if l.Name == name && l.Try(s.subject(), s.fresh()) == nil {
					t.Errorf("the law %q does not find the fault", name)
				}
			}
		})
	}
}

func TestSchemaFaults(t *testing.T) {
	bad := sdk.TypeSchema{Attributes: map[string]sdk.Attribute{
		"a b": {Type: cty.String, Description: "x"},
		"c":   {Description: "x"},
		"d":   {Type: cty.Number, Description: "x", Default: cty.StringVal("1")},
		"e":   {Type: cty.Number, Required: true, Computed: true},
	}}
	if got := len(schemaFaults(bad)); got != 6 {
		t.Errorf("%d faults found, want 6: %v", got, schemaFaults(bad))
	}
	if faults := schemaFaults(jarSchema()); faults != nil {
		t.Errorf("faults in a sound schema: %v", faults)
	}
}
