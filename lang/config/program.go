package config

import (
	"maps"
	"path"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// PluginKind is the kind of a package that is a plugin: a program that supplies resource types.
const PluginKind = "plugin"

// AnyPlatform stands for all platforms where a program or an archive is for one.
const AnyPlatform = "any"

// Program returns the path of a plugin's program for a platform, below the package and with slashes; "" if there is none.
func (r *Recipe) Program(platform string) string {
	if file, ok := r.Programs[platform]; ok {
		return file
	}
	return r.Programs[AnyPlatform]
}

// packageKind reads what the package is. A plugin names its program:
//
//	program = "notes.py"                                                                   everywhere the same
//	program = { "linux/amd64" = "bin/amd64/notes", "linux/arm64" = "bin/arm64/notes" }     one for each platform
func (d *recipeDecoder) packageKind(kind, program, platforms, coexist *hcl.Attribute) {
	r := d.recipe
	if kind != nil {
		if r.Kind = d.text(kind); r.Kind != PluginKind && r.Kind != "" {
			d.fault(kind.Expr.Range().Ptr(), "Unknown kind", `%q is no kind of package. A plugin is of the kind "plugin"; what apps and middleware are made from has none.`, r.Kind)
		}
	}
	switch {
	case kind == nil && program != nil:
		d.fault(program.Range.Ptr(), "No plugin", `Only a plugin has a program. Add kind = "plugin", or remove this line.`)
	case r.Kind != PluginKind:
	case program == nil:
		d.fault(kind.Range.Ptr(), "No program", `A plugin is a program. Name it: program = { "linux/amd64" = "bin/plugin" }`)
	case coexist != nil:
		d.fault(coexist.Range.Ptr(), "One version only", "A stack has one version of a plugin, since each type comes from one program. Remove this line.")
	default:
		d.programs(program, platforms)
	}
}

func (d *recipeDecoder) programs(a, platforms *hcl.Attribute) {
	v, diags := a.Expr.Value(nil)
	if !diags.HasErrors() && v.Type() == cty.String {
		d.recipe.Programs = map[string]string{AnyPlatform: d.programFile(a, d.text(a))}
		return
	}
	all := d.literal(a, cty.Map(cty.String), "a path, or an object with a path for each platform")
	if all == cty.NilVal {
		return
	}
	if platforms != nil {
		d.fault(platforms.Range.Ptr(), "Platforms said twice", "The plugin is there for the platforms of its programs (%s). Remove this line.", place(a.Range))
	}
	d.recipe.Programs = map[string]string{}
	files := all.AsValueMap()
	if len(files) == 0 {
		d.fault(a.Expr.Range().Ptr(), "No program", `A plugin is a program. Name it for each platform: program = { "linux/amd64" = "bin/plugin" }`)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := files[name]
		if !platform.MatchString(name) {
			d.fault(a.Expr.Range().Ptr(), "Wrong platform", `%q is not a platform such as "linux/amd64" or "darwin/arm64".`, name)
		} else if file.IsNull() || file.AsString() == "" {
			d.fault(a.Expr.Range().Ptr(), "No program", "There is no program for %s. Name its file, or remove this platform.", name)
		} else {
			d.recipe.Programs[name] = d.programFile(a, file.AsString())
		}
	}
	d.recipe.Platforms, d.recipe.PlatformsRange = slices.Sorted(maps.Keys(d.recipe.Programs)), a.Expr.Range()
}

// programFile is the clean path of a program.
func (d *recipeDecoder) programFile(a *hcl.Attribute, file string) string {
	if !within(file) {
		d.fault(a.Expr.Range().Ptr(), "Not in the package", "%q has to be the path of a file below the directory of the package.", file)
	}
	return path.Clean(file)
}

// pluginAlone refuses what has no meaning in a plugin.
func (d *recipeDecoder) pluginAlone(blocks hcl.Blocks) {
	if d.recipe.Kind != PluginKind {
		return
	}
	for _, b := range blocks {
		if b.Type != "package" {
			d.fault(&b.DefRange, "Not in a plugin", "A plugin is its program alone: nothing is installed, started or bound. Remove this block, or put it into the recipe of an app or middleware.")
		}
	}
}
