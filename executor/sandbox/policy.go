package sandbox

import (
	"path/filepath"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/landlock"
)

// Type is the type of the attribute sandbox of what runs something of an instance.
var Type = cty.Object(map[string]cty.Type{
	"directory": cty.String,           // of the instance
	"enabled":   cty.Bool,             // false for no sandbox at all
	"read":      cty.List(cty.String), // what it may read and execute besides
	"write":     cty.List(cty.String), // what it may write besides
})

// Said is what a value of Type says.
type Said struct {
	Directory   string // of the instance
	Enabled     bool   // false for no sandbox at all
	Read, Write []string
}

// Decode reads a value of Type. Null is the usual sandbox of the instance in that directory.
func Decode(v cty.Value, directory string) Said {
	if v.IsNull() {
		return Said{Directory: directory, Enabled: true}
	}
	return Said{v.GetAttr("directory").AsString(), v.GetAttr("enabled").True(), texts(v.GetAttr("read")), texts(v.GetAttr("write"))}
}

func texts(v cty.Value) []string {
	if v.IsNull() {
		return nil
	}
	var all []string
	for _, e := range v.AsValueSlice() {
		all = append(all, e.AsString())
	}
	return all
}

// Policy makes sandboxes for the instances of one agent. It does not change. A nil Policy makes none.
type Policy struct {
	home string
	base []landlock.Rule
}

// New returns the policy of an agent whose RECIPE_HOME is home, as the file system is now.
func New(home string) *Policy { return &Policy{home: home, base: system(home)} }

// Place is where something of an instance runs.
type Place struct {
	Instance string // the directory of the instance; "" if only the value has it
	Process  string // the directory of the process; "" for a command
	Work     string // the directory that it runs in; "" for the root
}

// Domain returns what something may do that runs in the place. v is of Type; null is the usual sandbox, or none where only the value
// would tell whose. The result is nil for none.
func (p *Policy) Domain(v cty.Value, at Place) *landlock.Domain {
	if p == nil || v.IsNull() && at.Instance == "" {
		return nil
	}
	said := Decode(v, at.Instance)
	if !said.Enabled {
		return nil
	}
	at.Instance = said.Directory
	d := &landlock.Domain{Base: p.base, Scoped: true}
	allow := func(access landlock.Access, optional bool, paths ...string) {
		for _, path := range paths {
			d.Rules = append(d.Rules, landlock.Rule{Path: path, Access: access, Optional: optional})
		}
	}
	allow(landlock.Read, false, at.Instance)
	for _, part := range []string{"data", "config", "tmp"} {
		allow(landlock.Write, true, filepath.Join(at.Instance, part))
	}
	if at.Process != "" && !within(at.Process, at.Instance) {
		allow(landlock.Read, true, at.Process)
	}
	if p.harmless(at.Work) {
		allow(landlock.Read, true, at.Work)
	}
	allow(landlock.Read, false, said.Read...)
	allow(landlock.Write, false, said.Write...)
	return d
}

// harmless reports whether a directory may be read because something runs there: one from which there is a way to RECIPE_HOME, or
// that is in it, is not, and one that is in the store needs no rule.
func (p *Policy) harmless(work string) bool {
	return work != "" && !within(resolved(p.home), resolved(work)) && !within(resolved(work), resolved(p.home))
}
