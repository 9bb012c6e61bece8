package registry

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/registry/store"
)

// maxReadme bounds what of a README goes into a manifest, in bytes.
const maxReadme = 64 << 10

// Describe returns the manifest of the package in files, without archives; that of a plugin also lacks what it supplies, which
// program.Stage adds. The diagnostics may be warnings.
func Describe(files fs.FS) (*Manifest, hcl.Diagnostics) {
	r, diags := config.LoadRecipe(files, ".")
	if diags.HasErrors() {
		return nil, diags
	}
	m := &Manifest{Name: r.Name, Version: *r.Version, Kind: r.Kind, Description: r.Description, Recipe: textOf(r.Requires), Coexist: r.Coexist, Runs: r.Platforms}
	if namespace, _, ok := strings.Cut(r.Name, "/"); !ok {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Subject: &r.NameRange, Summary: "Package without a namespace",
			Detail: fmt.Sprintf("A package that is published is named after its publisher, NAMESPACE/%s.", namespace)}}
	}
	there, err := payloadOf(files)
	if err != nil {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Package cannot be read", Detail: err.Error() + "."}}
	}
	if diags = slices.Concat(diags, r.CheckCommands(), checkPlatforms(r), there.recipe(r), there.programs(r), there.sources(r)); diags.HasErrors() {
		return nil, diags
	}
	for _, name := range slices.Sorted(maps.Keys(r.Depends)) {
		m.Depends = append(m.Depends, Dependency{Package: name, Constraint: textOf(r.Depends[name].Constraint)})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Providers)) {
		if p := r.Providers[name]; p.Published() {
			m.Uses = append(m.Uses, Dependency{Package: name, Constraint: textOf(p.Constraint)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Requirements)) {
		q := r.Requirements[name]
		m.Requires = append(m.Requires, Requirement{Name: name, Service: q.Service, Constraint: textOf(q.Constraint)})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Provides)) {
		m.Provides = append(m.Provides, Service{Name: name, Version: *r.Provides[name].Version})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Contracts)) {
		m.Contracts = append(m.Contracts, describeContract(r.Contracts[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Inputs)) {
		m.Inputs = append(m.Inputs, describeInput(r.Inputs[name]))
	}
	m.Types = TypesOf(r)
	readme, err := there.readme()
	if err != nil {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "README cannot be read", Detail: err.Error() + "."}}
	}
	if m.Readme = strings.ToValidUTF8(string(readme[:min(len(readme), maxReadme)]), ""); len(readme) > maxReadme {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "A long README",
			Detail: fmt.Sprintf("recipe info will show the first %d KiB of README.md; the package has all of it.", maxReadme>>10)})
	}
	return m, diags
}

// payload is the files of a package as far as they are packed.
type payload struct {
	files  fs.FS
	ignore *store.Ignore
}

func payloadOf(files fs.FS) (payload, error) {
	ignore, err := store.ReadIgnore(files)
	return payload{files, ignore}, err
}

// has reports whether a file will be in the package.
func (p payload) has(name string) bool {
	info, err := fs.Stat(p.files, name)
	return err == nil && info.Mode().IsRegular() && !p.ignore.LeavesOut(name)
}

// lacks says of a file that will not be in the package why, and what to do.
func (p payload) lacks(name string) string {
	if p.ignore.LeavesOut(name) {
		return fmt.Sprintf("%s leaves %s out of the package. Take it back with a line !%s, or name the patterns there more closely.", store.IgnoreFile, name, name)
	}
	return fmt.Sprintf("The package has no file %s.", name)
}

// recipe refuses a package that would be published without its recipe.
func (p payload) recipe(r *config.Recipe) hcl.Diagnostics {
	if name := r.NameRange.Filename; p.ignore.LeavesOut(name) {
		return hcl.Diagnostics{{Severity: hcl.DiagError, Subject: &r.NameRange, Summary: "Package without its recipe", Detail: p.lacks(name)}}
	}
	return nil
}

// programs refuses a program that the recipe says is in the package, and is not: what is published stays as it is.
func (p payload) programs(r *config.Recipe) (diags hcl.Diagnostics) {
	for _, name := range slices.Sorted(maps.Keys(r.Providers)) {
		provider := r.Providers[name]
		if file := path.Clean(provider.Source); provider.Source != "" && !p.has(file) {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Subject: &provider.SourceRange, Summary: "No such program",
				Detail: fmt.Sprintf("%s It is to supply the types of %s. Build it first, or remove source and take the plugin from the registries.", p.lacks(file), name)})
		}
	}
	return diags
}

// sources refuses a template that is not in the package, when its name is written out.
func (p payload) sources(r *config.Recipe) (diags hcl.Diagnostics) {
	for _, t := range r.Configure {
		a := t.Attributes["source"]
		if t.Type != "template" || a == nil || len(a.Expr.Variables()) > 0 {
			continue
		}
		v, _ := a.Expr.Value(nil)
		if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
			continue
		}
		if file := path.Clean(v.AsString()); fs.ValidPath(file) && !p.has(file) {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Subject: a.Expr.Range().Ptr(), Summary: "No such template", Detail: p.lacks(file)})
		}
	}
	return diags
}

// TypesOf lists the types of the resources in a recipe; it is not nil.
func TypesOf(r *config.Recipe) []string {
	types := map[string]bool{}
	for _, block := range [][]*config.Resource{r.Install, r.Configure} {
		for _, resource := range block {
			types[resource.Type] = true
		}
	}
	if r.Bind != nil {
		for _, resource := range r.Bind.Resources {
			types[resource.Type] = true
		}
	}
	return append([]string{}, slices.Sorted(maps.Keys(types))...)
}

func textOf(c *config.Constraint) string {
	if c == nil {
		return ""
	}
	return c.Text
}

func describeContract(c *config.Contract) Contract {
	out := Contract{Service: c.Service, Version: *c.Version, Attributes: []Attribute{}}
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		a := c.Attributes[name]
		described := Attribute{Name: name, Type: typeText(a.Type), Description: a.Description, Optional: a.Optional, Sensitive: a.Sensitive}
		if a.Since != nil {
			described.Since = a.Since.String()
		}
		out.Attributes = append(out.Attributes, described)
	}
	return out
}

// typeText is a type as recipes write it.
func typeText(t cty.Type) string {
	if t == cty.DynamicPseudoType {
		return "any"
	}
	return typeexpr.TypeString(t)
}

func describeInput(v *config.Variable) Input {
	in := Input{Name: v.Name, Type: typeText(v.Type), Description: v.Description}
	if v.Default == cty.NilVal || v.Sensitive {
		return in
	}
	if text, err := ctyjson.Marshal(v.Default, v.Default.Type()); err == nil {
		in.Default = string(text)
	}
	return in
}

// readme returns README.md, or a bit more than of it fits into a manifest; nil if there is none in the package.
func (p payload) readme() ([]byte, error) {
	if !p.has("README.md") {
		return nil, nil
	}
	f, err := p.files.Open("README.md")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxReadme+1))
}
