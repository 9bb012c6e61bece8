// Package lockfile reads and writes .recipe.lock.hcl, which lies beside a stack's files and keeps what was chosen for it:
//
//	package "postgresql" { version = "15.0.0" }
//	implementation "sql" { package = "postgresql" }
//
// There is a block for every version of a package, and one for every service that a default implementation was taken for;
// where two were taken for one service, in different versions of it, the first one is kept.
// Packages of the user's own directories are not in it: their version is what their files say.
package lockfile

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/nsynapse/recipe/planner/semver"
	"github.com/nsynapse/recipe/planner/solve"
)

// Name is that of the file.
const Name = ".recipe.lock.hcl"

// File is what is locked. The zero value locks nothing.
type File struct {
	Versions        map[string][]string // by package; several if its majors coexist
	Implementations map[string]string   // packages by service
	Sources         map[string]string   // ids of commits by the address that names a tag or branch
}

// Of returns what a lock file keeps of a lock; own tells the origins of the user's own packages.
func Of(lock *solve.Lock, own func(origin string) bool) *File {
	f := &File{Versions: map[string][]string{}, Implementations: map[string]string{}, Sources: map[string]string{}}
	for _, p := range lock.Packages {
		if !own(p.Origin) {
			f.Versions[p.Name] = append(f.Versions[p.Name], p.Version)
		}
	}
	for _, b := range lock.Bindings {
		at := slices.IndexFunc(lock.Components, func(c solve.Component) bool { return c.Component == b.Implementation })
		c, first := lock.Components[at], f.Implementations[b.Service] == ""
		if c.Added != "" && first { // a default may require of another one what it provides itself
			f.Implementations[b.Service] = lock.Packages[c.Package].Name
		}
	}
	return f
}

// written is the file for gohcl.
type written struct {
	Packages []struct {
		Name    string    `hcl:"name,label"`
		Version string    `hcl:"version"`
		Range   hcl.Range `hcl:",def_range"`
	} `hcl:"package,block"`
	Implementations []struct {
		Service string `hcl:"service,label"`
		Package string `hcl:"package"`
	} `hcl:"implementation,block"`
	Sources []struct {
		Address string `hcl:"address,label"`
		Commit  string `hcl:"commit"`
	} `hcl:"source,block"`
}

// Parse reads a lock file; name is for messages.
func Parse(text []byte, name string) (*File, hcl.Diagnostics) {
	f := &File{Versions: map[string][]string{}, Implementations: map[string]string{}, Sources: map[string]string{}}
	if at := strange(text, name); at != nil {
		return f, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Not a lock file", Subject: at,
			Detail: "A lock file has nothing but blocks with strings. Remove it and run recipe lock."}}
	}
	parsed, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if diags.HasErrors() {
		return f, diags
	}
	var w written
	if diags = gohcl.DecodeBody(parsed.Body, nil, &w); diags.HasErrors() {
		return f, diags
	}
	for _, p := range w.Packages {
		if _, err := semver.Parse(p.Version); err != nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Wrong version in the lock file", Subject: p.Range.Ptr(),
				Detail: fmt.Sprintf("%v. Correct it, or remove the file and run recipe lock.", err)})
		}
		f.Versions[p.Name] = append(f.Versions[p.Name], p.Version)
	}
	for _, i := range w.Implementations {
		f.Implementations[i.Service] = i.Package
	}
	for _, s := range w.Sources {
		f.Sources[s.Address] = s.Commit
	}
	return f, diags
}

// strange finds the first word that no lock file has; nil if there is none. The parser is recursive, so it must not see text
// that nests deeper than blocks do.
func strange(text []byte, name string) *hcl.Range {
	tokens, _ := hclsyntax.LexConfig(text, name, hcl.InitialPos) // the parser tells what is wrong
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenIdent, hclsyntax.TokenEqual, hclsyntax.TokenOQuote, hclsyntax.TokenQuotedLit, hclsyntax.TokenCQuote,
			hclsyntax.TokenNewline, hclsyntax.TokenComment, hclsyntax.TokenEOF:
		case hclsyntax.TokenOBrace:
			depth++
		case hclsyntax.TokenCBrace:
			depth--
		default:
			return &t.Range
		}
		if depth > 1 {
			return &t.Range
		}
	}
	return nil
}

// Format returns the text of f, as recipe fmt lays it out. Equal files have equal texts.
func (f *File) Format() []byte {
	var b bytes.Buffer
	b.WriteString("# Made by recipe lock. Keep it beside the stack: others then get the same versions.\n")
	for _, name := range slices.Sorted(maps.Keys(f.Versions)) {
		for _, version := range f.Versions[name] {
			fmt.Fprintf(&b, "\npackage %q {\n  version = %q\n}\n", name, version)
		}
	}
	for _, service := range slices.Sorted(maps.Keys(f.Implementations)) {
		fmt.Fprintf(&b, "\nimplementation %q {\n  package = %q\n}\n", service, f.Implementations[service])
	}
	for _, address := range slices.Sorted(maps.Keys(f.Sources)) {
		fmt.Fprintf(&b, "\nsource %q {\n  commit = %q\n}\n", address, f.Sources[address])
	}
	return b.Bytes()
}

// Without forgets a package: its versions, and that it implements anything; or what an address stands for.
func (f *File) Without(name string) {
	delete(f.Versions, name)
	delete(f.Sources, name)
	maps.DeleteFunc(f.Implementations, func(_, p string) bool { return p == name })
}
