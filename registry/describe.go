package registry

import (
	"errors"
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
)

// maxReadme bounds what of a README goes into a manifest, in bytes.
const maxReadme = 64 << 10

// Describe returns the manifest of the package in files, without archives; that of a plugin also lacks what it supplies, which
// program.Stage adds.
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
	if diags := broughtAlong(files, r); diags.HasErrors() {
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
	readme, err := readReadme(files)
	if err != nil {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "README cannot be read", Detail: err.Error()}}
	}
	m.Readme = readme
	return m, nil
}

// broughtAlong refuses a program that the recipe says is in the package, and is not: what is published stays as it is.
func broughtAlong(files fs.FS, r *config.Recipe) (diags hcl.Diagnostics) {
	for _, name := range slices.Sorted(maps.Keys(r.Providers)) {
		p := r.Providers[name]
		if p.Source == "" {
			continue
		}
		if info, err := fs.Stat(files, path.Clean(p.Source)); err != nil || !info.Mode().IsRegular() {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Subject: &p.SourceRange, Summary: "No such program",
				Detail: fmt.Sprintf("The package has no file %s, which is to supply the types of %s. Build it first, or remove source and take the plugin from the registries.", path.Clean(p.Source), name)})
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

// readReadme returns README.md, or what of it fits; "" if there is none.
func readReadme(files fs.FS) (string, error) {
	f, err := files.Open("README.md")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxReadme))
	return strings.ToValidUTF8(string(text), ""), err
}
