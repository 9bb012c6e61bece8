package eval

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/lang/function"
	"github.com/nsynapse/recipe/providers/sdk"
)

// internalTypes are made by the engine for components; recipes do not write them as resources.
var internalTypes = map[string]bool{"allocation": true, "instance": true, "schedule": true, "endpoint": true, "route": true, "secret": true, "backup": true}

// engines reports whether the engine sets the attribute, and nobody else.
func engines(schema sdk.TypeSchema, name string) bool {
	return engineAttributes[name] && !schema.Plugin || name == sdk.ProviderAttribute && schema.Configured != nil
}

// engineAttributes are set by the engine in every type of the box that has them.
var engineAttributes = map[string]bool{"base": true, "name": true, "owner": true, "uid": true, "gid": true, "state_dir": true, "trigger": true, "sandbox": true}

// settable lists, sorted, what a recipe may write in a resource of that type.
func settable(typ string, schema sdk.TypeSchema) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(schema.Attributes)) {
		if a := schema.Attributes[name]; !engines(schema, name) && (!a.Computed || a.Optional || a.Required || a.Default != cty.NilVal) {
			names = append(names, name)
		}
	}
	if typ == "template" {
		names = append(names, "source", "vars")
	}
	return names
}

// filled reports whether the engine finds a value when the recipe has none.
func filled(typ, name string, schema sdk.TypeSchema) bool {
	return engines(schema, name) || name == "source" && typ == "go_build" || typ == "template" && name == "content" || typ == "command" && name == "directory"
}

// place is where a resource's files are read from and go to.
type place struct {
	pkg       *Package
	directory string // the instance's; "" for install
	state     string // a directory of the resource's own for what it must remember
	owner     int
	component *component // nil for install
	index     int        // of the instance
}

// resource works out the value of a resource block.
func (p *Pass) resource(res *config.Resource, ctx *hcl.EvalContext, at place) (cty.Value, hcl.Diagnostics) {
	attributes, diags := evaluate(res.Attributes, ctx)
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	schema := p.graph.in.Types[res.Type]
	if res.Type == "template" {
		diags = append(diags, p.render(res, attributes, at)...)
	} else if _, ok := schema.Attributes["source"]; ok && res.Type != "archive" && !schema.Plugin {
		if at.index == 0 {
			diags = append(diags, at.pkg.missing(res.Attributes["source"], attributes["source"])...)
		}
		payload(res.Type, attributes, at.pkg.Path)
	}
	if res.Type == "command" {
		diags = append(diags, programs(res.Attributes, attributes, "command", "undo")...)
		if at.index == 0 {
			diags = append(diags, at.pkg.missingFiles(res.Attributes, attributes)...)
		}
		inPackage(attributes, at.pkg.Path)
		if once, _ := text(attributes["once_per"]); once == "version" {
			attributes["trigger"] = cty.StringVal(at.pkg.Recipe.Version.String())
		}
		if at.component != nil {
			sandbox, more := p.sandbox(at.component, at.index)
			attributes["sandbox"], diags = sandbox, append(diags, more...)
		}
	}
	engine(schema, attributes, res.Name, at)
	if schema.Configured != nil {
		configuration, more := p.configuration(schema.Configured, at.pkg.Recipe, ctx)
		if diags = append(diags, more...); more.HasErrors() {
			return cty.NilVal, diags
		}
		attributes[sdk.ProviderAttribute] = configuration
	}
	if err := unfold(schema, res.Attributes, attributes); err != nil {
		return cty.NilVal, append(diags, p.misfit(err, res.Attributes, res.Range)...)
	}
	v, err := conform(schema, attributes)
	if err != nil {
		return cty.NilVal, append(diags, p.misfit(err, res.Attributes, res.Range)...)
	}
	return v, diags
}

// engine sets the attributes that are the engine's.
func engine(schema sdk.TypeSchema, attributes map[string]cty.Value, name string, at place) {
	set := func(attribute string, v cty.Value) {
		if _, ok := schema.Attributes[attribute]; ok && engines(schema, attribute) {
			attributes[attribute] = v
		}
	}
	set("name", cty.StringVal(name))
	if at.directory == "" {
		return
	}
	set("base", cty.StringVal(path.Join(at.directory, "config")))
	set("state_dir", cty.StringVal(at.state))
	for _, attribute := range []string{"owner", "uid", "gid"} {
		set(attribute, cty.NumberIntVal(int64(at.owner)))
	}
}

// inPackage makes a command run in its package, or in a directory below it, unless it names another one.
func inPackage(attributes map[string]cty.Value, root string) {
	attributes["directory"] = directoryIn(root, attributes["directory"])
}

// directoryIn is the directory that is meant: relative ones are below root, and it is root itself when none is named.
func directoryIn(root string, directory cty.Value) cty.Value {
	if directory == cty.NilVal || directory.IsNull() {
		return cty.StringVal(root)
	}
	if s, known := text(directory); known && !path.IsAbs(s) {
		return cty.StringVal(path.Join(root, s)).WithSameMarks(directory)
	}
	return directory
}

// payload makes the attribute source an absolute path below the package; what go_build builds is the package itself
// unless it says otherwise.
func payload(typ string, attributes map[string]cty.Value, root string) {
	source, ok := attributes["source"]
	if !ok {
		if typ == "go_build" {
			attributes["source"] = cty.StringVal(root)
		}
		return
	}
	if s, known := text(source); known && !path.IsAbs(s) {
		attributes["source"] = cty.StringVal(path.Join(root, s))
	}
}

// missing refuses the relative name of a file or directory that is not in the package, at the attribute a.
func (p *Package) missing(a *hcl.Attribute, v cty.Value) hcl.Diagnostics {
	if a == nil {
		return nil
	}
	return p.missingAt(a.Expr.Range(), v)
}

func (p *Package) missingAt(at hcl.Range, v cty.Value) hcl.Diagnostics {
	name, known := text(v)
	if !known || name == "" || path.IsAbs(name) || p.Has == nil || v.IsMarked() {
		return nil
	}
	if clean := path.Clean(name); fs.ValidPath(clean) && p.Has(clean) {
		return nil
	}
	return fail(at, "No such file", "The package has no file %q. This is the name of a file or directory that lies in it, relative to its recipe.", name)
}

func evaluate(attributes map[string]*hcl.Attribute, ctx *hcl.EvalContext) (map[string]cty.Value, hcl.Diagnostics) {
	values := make(map[string]cty.Value, len(attributes)+4)
	var diags hcl.Diagnostics
	for name, a := range attributes {
		v, more := a.Expr.Value(ctx)
		diags = append(diags, more...)
		values[name] = v
	}
	return values, diags
}

// misfit is a value that does not conform to its schema.
type misfit struct {
	attribute string
	err       error
}

func (m misfit) Error() string { return fmt.Sprintf("%s: %s", m.attribute, m.err) }

// conform makes an object of the schema's type: what is not given is the default or null. It takes over attributes.
func conform(schema sdk.TypeSchema, attributes map[string]cty.Value) (cty.Value, error) {
	for name, a := range schema.Attributes {
		v, ok := attributes[name]
		if !ok || v.IsNull() {
			v = cty.NullVal(a.Type)
			if a.Default != cty.NilVal {
				v = a.Default
			}
			attributes[name] = v
			continue
		}
		if ty := v.Type(); !ty.Equals(a.Type) {
			converted, err := fit(v, a)
			if err != nil {
				return cty.NilVal, misfit{name, err}
			}
			attributes[name] = converted
		}
		if err := checked(attributes[name], a); err != nil {
			return cty.NilVal, misfit{name, err}
		}
		if a.Sensitive && !v.HasMark(function.Sensitive) {
			attributes[name] = attributes[name].Mark(function.Sensitive)
		}
	}
	if len(attributes) > len(schema.Attributes) {
		maps.DeleteFunc(attributes, func(name string, _ cty.Value) bool { _, known := schema.Attributes[name]; return !known })
	}
	return cty.ObjectVal(attributes), nil
}

// checked is what the type itself says about a value, if that is known by now. What it says may quote the value, so a sensitive
// one is left to the type.
func checked(v cty.Value, a sdk.Attribute) error {
	if a.Check == nil || v.IsMarked() || !v.IsKnown() || v.IsNull() {
		return nil
	}
	return a.Check(v)
}

func (p *Pass) misfit(err error, attributes map[string]*hcl.Attribute, at hcl.Range) hcl.Diagnostics {
	if m, ok := err.(misfit); ok {
		if a := attributes[m.attribute]; a != nil {
			at = a.Expr.Range()
		}
		return fail(at, "Value does not fit", "%q: %s.", m.attribute, m.err)
	}
	return fail(at, "Value does not fit", "%s.", err)
}

// render makes the content of a template from its source, a payload file, and vars.
func (p *Pass) render(res *config.Resource, attributes map[string]cty.Value, at place) hcl.Diagnostics {
	where := res.Range
	if a := res.Attributes["source"]; a != nil {
		where = a.Expr.Range()
	}
	source, ok := attributes["source"]
	vars, hasVars := attributes["vars"]
	delete(attributes, "source")
	delete(attributes, "vars")
	if !ok {
		if _, ok := attributes["content"]; ok {
			return nil
		}
		return fail(where, "Missing attribute", "template needs source, the name of a payload file, or content.")
	}
	name, known := text(source)
	if !known {
		return fail(where, "Not a file name", "source has to be the name of a file of the package.")
	}
	if diags := at.pkg.missingAt(where, source); diags.HasErrors() {
		return diags
	}
	written, err := at.pkg.Read(path.Clean(strings.TrimPrefix(name, "./")))
	if err != nil {
		return fail(where, "Template cannot be read", "%s.", err)
	}
	file := path.Join(path.Dir(at.pkg.Recipe.NameRange.Filename), name)
	template, diags := config.ParseTemplate(written, file)
	if diags.HasErrors() {
		return shown(diags, file, written)
	}
	ctx := &hcl.EvalContext{Functions: p.graph.scope.base.Functions, Variables: map[string]cty.Value{}}
	if hasVars && !vars.IsNull() {
		ctx.Variables = valuesOf(vars)
	}
	content, diags := template.Value(ctx)
	if diags.HasErrors() {
		return shown(diags, file, written)
	}
	attributes["content"] = content
	return diags
}

// valuesOf lists the attributes of an object or the elements of a map; marks of the whole go to each.
func valuesOf(v cty.Value) map[string]cty.Value {
	v, marks := v.Unmark()
	values := map[string]cty.Value{}
	if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return values
	}
	for it := v.ElementIterator(); it.Next(); {
		key, element := it.Element()
		values[key.AsString()] = element.WithMarks(marks)
	}
	return values
}

// shown adds the text of a template to what is wrong in it: whoever shows that has only the text of recipes.
func shown(diags hcl.Diagnostics, file string, text []byte) hcl.Diagnostics {
	for _, d := range diags {
		if d.Extra == nil {
			d.Extra = diag.Sources{file: text}
		}
	}
	return diags
}
