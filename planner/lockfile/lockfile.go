// Package lockfile reads and writes .recipe.lock.hcl, which lies beside a stack's files and keeps what was chosen for it:
//
//	package "acme/shop" {
//	  version = "2.1.3"
//	  origin  = "oci://registry.example.com/team"
//	  key     = "SHA256:Jm1x…"
//	  release = "sha256:63f1…"
//	  files = {
//	    "linux/amd64" = "sha256:9a0c…"
//	  }
//	}
//	package "postgresql" { version = "15.0.0" }
//	implementation "sql" { package = "postgresql" }
//	source "git::https://git.example.com/shop.git?ref=v2" { commit = "1a2b…" }
//	deb "redis-server" {
//	  system       = "debian 12"
//	  architecture = "amd64"
//	  package "libatomic1" {
//	    version = "12.2.0-14"
//	    digest  = "sha256:2c1f…"
//	    origin  = "Debian bookworm main"
//	  }
//	  …
//	}
//
// There is a block for every version of a package. One of a registry has the registry's address as the stack writes it, the
// fingerprint of the publisher's key, the digest of the release, that is of its OCI index, and the digest of the archive for
// each platform. A package of the box has its version alone: its files are part of the program.
// There is a block for every service that a default implementation was taken for; where two were taken for one service, in
// different versions of it, the first one is kept.
// Packages of the user's own directories are not in it: their version is what their files say. There is a block for
// every address of a git repository that the stack names, with the id of the commit that it stood for.
// And there is a block for each list of packages of the operating system that a resource of the type deb asks for, and for each
// system that it was resolved on: what the sources of another machine are is no matter, as long as one of them has these bits.
package lockfile

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/planner/solve"
)

// Name is that of the file.
const Name = ".recipe.lock.hcl"

// File is what is locked. The zero value locks nothing.
type File struct {
	Packages        map[string][]Package // by name; several versions if its majors coexist
	Implementations map[string]string    // packages by service
	Sources         map[string]string    // ids of commits by the address that names a tag or branch
	OSPackages      []OSPackages
}

// Package is a version that was chosen.
type Package struct {
	Version string
	Release *Release // nil for one of the box
}

// Release is which bits the version of a registry are. Digests are written "sha256:" and 64 hexadecimal digits.
type Release struct {
	Origin string            // the address of the registry
	Key    string            // the fingerprint of the key that signed it
	Digest string            // of the release
	Files  map[string]string // digests of the archives by platform, "any" for all of them
	Range  hcl.Range         // of the block; not compared, and zero for one that was not read
}

// Of returns what a lock file keeps of a lock. own tells the origins of the user's own packages, and release the bits of a
// package, nil for one of the box.
func Of(lock *solve.Lock, own func(origin string) bool, release func(solve.Package) *Release) *File {
	f := &File{Packages: map[string][]Package{}, Implementations: map[string]string{}, Sources: map[string]string{}}
	for _, p := range lock.Packages {
		if !own(p.Origin) {
			f.Packages[p.Name] = append(f.Packages[p.Name], Package{p.Version, release(p)})
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

// Names reports whether something of that name is locked: a package, the address of a source, or a package of the operating system.
func (f *File) Names(name string) bool {
	_, source := f.Sources[name]
	return source || f.Packages[name] != nil || slices.ContainsFunc(f.OSPackages, func(o OSPackages) bool {
		return slices.ContainsFunc(o.Chosen, func(p OSPackage) bool { return p.Name == name })
	})
}

// Versions lists the locked versions by package.
func (f *File) Versions() map[string][]string {
	versions := map[string][]string{}
	for name, packages := range f.Packages {
		for _, p := range packages {
			versions[name] = append(versions[name], p.Version)
		}
	}
	return versions
}

// Remote reports whether it locks a package of a registry.
func (f *File) Remote() bool {
	for _, packages := range f.Packages {
		if slices.ContainsFunc(packages, func(p Package) bool { return p.Release != nil }) {
			return true
		}
	}
	return false
}

// Without forgets a package: its versions, and that it implements anything; or what an address stands for; or all that was
// chosen together with a package of the operating system.
func (f *File) Without(name string) {
	delete(f.Packages, name)
	delete(f.Sources, name)
	f.withoutOS(name)
	maps.DeleteFunc(f.Implementations, func(_, p string) bool { return p == name })
}

// WithoutAll is a copy without these names, as Without forgets them.
func (f *File) WithoutAll(names []string) *File {
	c := &File{Packages: maps.Clone(f.Packages), Implementations: maps.Clone(f.Implementations), Sources: maps.Clone(f.Sources), OSPackages: slices.Clone(f.OSPackages)}
	for _, name := range names {
		c.Without(name)
	}
	return c
}

// Format returns the text of f, as recipe fmt lays it out. Equal files have equal texts.
func (f *File) Format() []byte {
	var b bytes.Buffer
	b.WriteString("# Made by recipe lock. Keep it beside the stack: others then get the same versions.\n")
	for _, name := range slices.Sorted(maps.Keys(f.Packages)) {
		for _, p := range f.Packages[name] {
			fmt.Fprintf(&b, "\npackage %q {\n  version = %q\n%s}\n", name, p.Version, p.Release.format())
		}
	}
	for _, service := range slices.Sorted(maps.Keys(f.Implementations)) {
		fmt.Fprintf(&b, "\nimplementation %q {\n  package = %q\n}\n", service, f.Implementations[service])
	}
	for _, address := range slices.Sorted(maps.Keys(f.Sources)) {
		fmt.Fprintf(&b, "\nsource %q {\n  commit = %q\n}\n", address, f.Sources[address])
	}
	for _, o := range f.sortedOS() {
		b.WriteString(o.format())
	}
	return b.Bytes()
}

func (r *Release) format() string {
	if r == nil {
		return ""
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "  origin  = %q\n  key     = %q\n  release = %q\n  files = {\n", r.Origin, r.Key, r.Digest)
	platforms, width := slices.Sorted(maps.Keys(r.Files)), 0
	for _, p := range platforms {
		width = max(width, len(p)+2)
	}
	for _, p := range platforms {
		fmt.Fprintf(&b, "    %-*s = %q\n", width, fmt.Sprintf("%q", p), r.Files[p])
	}
	b.WriteString("  }\n")
	return b.String()
}

// Changes tells what other has else than f, a line for each package and service; none if they differ in
// layout and comments alone.
func (f *File) Changes(other *File) []string {
	was, is := f.versions(), other.versions()
	changes := difference("", was, is)
	changes = append(changes, difference("implementation of ", f.Implementations, other.Implementations)...)
	changes = append(changes, difference("", f.Sources, other.Sources)...)
	for _, name := range slices.Sorted(maps.Keys(f.Packages)) {
		if was[name] == is[name] && !slices.EqualFunc(f.Packages[name], other.Packages[name], Package.equal) {
			changes = append(changes, "~ "+name+" with other bits or from another registry")
		}
	}
	return append(changes, f.osChanges(other)...)
}

// versions lists what is locked of each package, for people.
func (f *File) versions() map[string]string {
	texts := map[string]string{}
	for name, versions := range f.Versions() {
		texts[name] = strings.Join(versions, ", ")
	}
	return texts
}

func (p Package) equal(other Package) bool {
	return p.Version == other.Version && p.Release.format() == other.Release.format()
}

func difference(what string, before, after map[string]string) []string {
	changes := []string{}
	all := slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after)))
	slices.Sort(all)
	for _, name := range slices.Compact(all) {
		switch was, is := before[name], after[name]; {
		case was == is:
		case was == "":
			changes = append(changes, fmt.Sprintf("+ %s%s %s", what, name, is))
		case is == "":
			changes = append(changes, fmt.Sprintf("- %s%s %s", what, name, was))
		default:
			changes = append(changes, fmt.Sprintf("~ %s%s %s -> %s", what, name, was, is))
		}
	}
	return changes
}
