package lockfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/pattern"

	"github.com/nsynapse/recipe/planner/semver"
)

// written is the file for gohcl.
type written struct {
	Packages        []writtenPackage `hcl:"package,block"`
	Implementations []struct {
		Service string    `hcl:"service,label"`
		Package string    `hcl:"package"`
		Range   hcl.Range `hcl:",def_range"`
	} `hcl:"implementation,block"`
	Sources []struct {
		Address string    `hcl:"address,label"`
		Commit  string    `hcl:"commit"`
		Range   hcl.Range `hcl:",def_range"`
	} `hcl:"source,block"`
	OSPackages []writtenOS `hcl:"deb,block"`
}

type writtenPackage struct {
	Name    string         `hcl:"name,label"`
	Version string         `hcl:"version"`
	Origin  string         `hcl:"origin,optional"`
	Key     string         `hcl:"key,optional"`
	Release string         `hcl:"release,optional"`
	Files   hcl.Expression `hcl:"files,optional"`
	Range   hcl.Range      `hcl:",def_range"`
}

// Parse reads a lock file; name is for messages.
func Parse(text []byte, name string) (*File, hcl.Diagnostics) {
	f := &File{Packages: map[string][]Package{}, Implementations: map[string]string{}, Sources: map[string]string{}}
	if at := bytes.Index(text, []byte("<<<<<<< ")); at == 0 || at > 0 && text[at-1] == '\n' {
		return f, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "A merge that was not finished", Subject: rangeAt(text, at, name),
			Detail: "Two people have locked different things. Take the file of one side, such as by git checkout --ours " + name + ", and run recipe lock: it keeps what is in there and adds what the stack needs now."}}
	}
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
		diags = append(diags, f.add(p)...)
	}
	for _, i := range w.Implementations {
		if before := f.Implementations[i.Service]; before != "" {
			diags = append(diags, mistake(i.Range, "Two implementations for one service", "%s is locked to %s already. Remove one of the two, or the file and run recipe lock.", i.Service, before))
		}
		f.Implementations[i.Service] = i.Package
	}
	for _, s := range w.Sources {
		if before := f.Sources[s.Address]; before != "" && before != s.Commit {
			diags = append(diags, mistake(s.Range, "Two commits for one source", "%s is locked to %s already. Take the block that is in your version control, and remove the other.", s.Address, before))
		}
		f.Sources[s.Address] = s.Commit
	}
	for _, o := range w.OSPackages {
		diags = append(diags, f.addOS(o)...)
	}
	return f, diags
}

// add takes a package over that may be locked so.
func (f *File) add(p writtenPackage) (diags hcl.Diagnostics) {
	if _, err := semver.Parse(p.Version); err != nil {
		diags = append(diags, mistake(p.Range, "Wrong version in the lock file", "%v. Correct it, or remove the file and run recipe lock.", err))
	}
	if slices.ContainsFunc(f.Packages[p.Name], func(other Package) bool { return other.Version == p.Version }) {
		diags = append(diags, mistake(p.Range, "Two locks for one version", "%s %s is locked already, and a version has one digest. Take the block that is in your version control, and remove the other.", p.Name, p.Version))
	}
	release, more := p.release()
	f.Packages[p.Name] = append(f.Packages[p.Name], Package{p.Version, release})
	return append(diags, more...)
}

var (
	digestPattern = pattern.New(`^sha256:[0-9a-f]{64}$`)
	keyPattern    = pattern.New(`^SHA256:[A-Za-z0-9+/]{43}$`)
)

// release is which bits are locked. A package of a registry has a namespace, and is locked with all of it or not at all:
// whoever can take a digest away could else choose the bits.
func (p *writtenPackage) release() (*Release, hcl.Diagnostics) {
	r := &Release{Origin: p.Origin, Key: p.Key, Digest: p.Release, Files: map[string]string{}, Range: p.Range}
	diags := p.files(r)
	if p.Origin+p.Key+p.Release == "" && len(r.Files) == 0 && !strings.Contains(p.Name, "/") {
		return nil, diags
	}
	wrong := func(name string) {
		diags = append(diags, mistake(p.Range, "Wrong digest in the lock file",
			"%s %s has no usable %s. The lock file is not for editing: take it from your version control, or run recipe lock -upgrade=%s.", p.Name, p.Version, name, p.Name))
	}
	switch {
	case r.Origin == "":
		wrong("origin")
	case !keyPattern.MatchString(r.Key):
		wrong("key")
	case !digestPattern.MatchString(r.Digest):
		wrong("release")
	case len(r.Files) == 0 && !diags.HasErrors():
		wrong("files")
	}
	return r, diags
}

// files reads the digests of the platforms, each of which has one.
func (p *writtenPackage) files(r *Release) (diags hcl.Diagnostics) {
	object, ok := p.Files.(*hclsyntax.ObjectConsExpr)
	if !ok {
		return nil
	}
	for _, item := range object.Items {
		platform, digest := text(item.KeyExpr), text(item.ValueExpr)
		at := hcl.RangeBetween(item.KeyExpr.Range(), item.ValueExpr.Range())
		switch {
		case r.Files[platform] != "":
			diags = append(diags, mistake(at, "Two digests for one version", "%s %s has a digest for %s already. Take the line that is in your version control, and remove the other.", p.Name, p.Version, platform))
		case platform == "" || !digestPattern.MatchString(digest):
			diags = append(diags, mistake(at, "Wrong digest in the lock file", "This is no platform with a digest, \"sha256:\" and 64 hexadecimal digits. Take the line that is in your version control, or run recipe lock -upgrade=%s.", p.Name))
		}
		r.Files[platform] = digest
	}
	return diags
}

// text is the string that an expression stands for; "" for none.
func text(e hcl.Expression) string {
	v, diags := e.Value(nil)
	if diags.HasErrors() || v.Type() != cty.String || v.IsNull() {
		return ""
	}
	return v.AsString()
}

func mistake(at hcl.Range, summary, format string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Subject: &at, Detail: fmt.Sprintf(format, args...)}
}
