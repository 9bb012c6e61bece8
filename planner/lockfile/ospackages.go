package lockfile

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/pattern"
)

// OSPackages are packages of an operating system: what one resource of the type deb asks for, and what that was resolved to on
// one system.
type OSPackages struct {
	Asked        []string // in the order of the resource: names, or name=version
	Exclude      []string
	System       string // the distribution and its version: "debian 12"
	Architecture string // as the distribution calls it: "amd64"
	Chosen       []OSPackage
	Range        hcl.Range // of the block; not compared, and zero for one that was not read
}

// OSPackage is one package of an operating system. There is no address in it: where a file with this digest can be had is up
// to the package sources of each machine.
type OSPackage struct {
	Name    string
	Version string
	Digest  string // of the file, "sha256:" and 64 hexadecimal digits
	Origin  string // who publishes it, with suite and component: "Debian bookworm main"; "" if nobody says
}

// On is the system that they were resolved for, for people.
func (o *OSPackages) On() string { return o.System + " on " + o.Architecture }

// Same reports whether both are for the same wish on the same system.
func (o *OSPackages) Same(other *OSPackages) bool {
	return slices.Equal(o.Asked, other.Asked) && slices.Equal(o.Exclude, other.Exclude) && o.On() == other.On()
}

// OSVersions lists the locked versions by package for one system, as On names it.
func (f *File) OSVersions(on string) map[string][]string {
	versions := map[string][]string{}
	for i := range f.OSPackages {
		o := &f.OSPackages[i]
		for _, p := range o.Chosen {
			if on == o.On() {
				versions[p.Name] = append(versions[p.Name], p.Version)
			}
		}
	}
	for name := range versions {
		slices.Sort(versions[name])
		versions[name] = slices.Compact(versions[name])
	}
	return versions
}

// withoutOS forgets what was chosen wherever the package is among it.
func (f *File) withoutOS(name string) {
	f.OSPackages = slices.DeleteFunc(f.OSPackages, func(o OSPackages) bool {
		return slices.ContainsFunc(o.Chosen, func(p OSPackage) bool { return p.Name == name })
	})
}

// sortedOS are the blocks in the order of the file.
func (f *File) sortedOS() []OSPackages {
	sorted := slices.Clone(f.OSPackages)
	slices.SortStableFunc(sorted, func(a, b OSPackages) int {
		return cmp.Or(slices.Compare(a.Asked, b.Asked), slices.Compare(a.Exclude, b.Exclude), cmp.Compare(a.On(), b.On()))
	})
	return sorted
}

func (o *OSPackages) format() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "\ndeb %q {\n  system       = %q\n  architecture = %q\n", strings.Join(o.Asked, " "), o.System, o.Architecture)
	if len(o.Exclude) > 0 {
		fmt.Fprintf(&b, "  exclude      = %q\n", strings.Join(o.Exclude, " "))
	}
	for _, p := range o.Chosen {
		fmt.Fprintf(&b, "  package %q {\n    version = %q\n    digest  = %q\n", p.Name, p.Version, p.Digest)
		if p.Origin != "" {
			fmt.Fprintf(&b, "    origin  = %q\n", p.Origin)
		}
		b.WriteString("  }\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// osChanges tells what other has else than f of the packages of operating systems: a line for each list that one of them
// alone has, and for each package that differs in one that both have.
func (f *File) osChanges(other *File) (changes []string) {
	in := func(all []OSPackages, o *OSPackages) int {
		return slices.IndexFunc(all, func(is OSPackages) bool { return is.Same(o) })
	}
	for _, was := range f.sortedOS() {
		if at := in(other.OSPackages, &was); at < 0 {
			changes = append(changes, "- "+was.summary())
		} else {
			changes = append(changes, was.differences(&other.OSPackages[at])...)
		}
	}
	for _, is := range other.sortedOS() {
		if in(f.OSPackages, &is) < 0 {
			changes = append(changes, "+ "+is.summary())
		}
	}
	slices.Sort(changes)
	return slices.Compact(changes) // two lists may have a package in common
}

// summary names a whole list.
func (o *OSPackages) summary() string {
	return fmt.Sprintf("%s: %d packages (%s)", strings.Join(o.Asked, " "), len(o.Chosen), o.On())
}

func (o *OSPackages) differences(other *OSPackages) []string {
	versions := func(o *OSPackages) map[string]string {
		texts := map[string]string{}
		for _, p := range o.Chosen {
			texts[p.Name+" ("+o.On()+")"] = p.Version
		}
		return texts
	}
	changes := difference("", versions(o), versions(other))
	if len(changes) == 0 && o.format() != other.format() {
		changes = append(changes, "~ "+o.summary()+" with other bits")
	}
	return changes
}

// writtenOS is a block for gohcl.
type writtenOS struct {
	Asked        string    `hcl:"packages,label"`
	System       string    `hcl:"system"`
	Architecture string    `hcl:"architecture"`
	Exclude      string    `hcl:"exclude,optional"`
	Range        hcl.Range `hcl:",def_range"`
	Packages     []struct {
		Name    string    `hcl:"name,label"`
		Version string    `hcl:"version"`
		Digest  string    `hcl:"digest"`
		Origin  string    `hcl:"origin,optional"`
		Range   hcl.Range `hcl:",def_range"`
	} `hcl:"package,block"`
}

// What a Debian-like distribution calls its packages and versions, and what else is in a block. They become parts of keys and
// of messages.
var (
	osNamePattern    = pattern.New(`^[a-z0-9][a-z0-9+.-]*$`)
	osVersionPattern = pattern.New(`^[0-9A-Za-z.+~:-]+$`)
	osAskedPattern   = pattern.New(`^[a-z0-9][a-z0-9+.-]*(=[0-9A-Za-z.+~:-]+)?$`)
	osTextPattern    = pattern.New(`^[0-9A-Za-z.+~:/_ -]*$`)
)

// addOS takes a block over that may be locked so.
func (f *File) addOS(w writtenOS) (diags hcl.Diagnostics) {
	o := OSPackages{Asked: strings.Fields(w.Asked), Exclude: strings.Fields(w.Exclude), System: w.System, Architecture: w.Architecture, Range: w.Range}
	if len(o.Exclude) == 0 {
		o.Exclude = nil
	}
	strange := func(text string) bool { return !osAskedPattern.MatchString(text) }
	if !osTextPattern.MatchString(o.System) || !osNamePattern.MatchString(o.Architecture) || len(o.Asked) == 0 || len(w.Packages) == 0 ||
		slices.ContainsFunc(slices.Concat(o.Asked, o.Exclude), strange) {
		diags = append(diags, mistake(w.Range, "Wrong system in the lock file", "This says neither what was asked for nor what it was resolved to, or for no system. Take the block that is in your version control, or remove it and run recipe lock."))
	}
	if slices.ContainsFunc(f.OSPackages, func(other OSPackages) bool { return other.Same(&o) }) {
		diags = append(diags, mistake(w.Range, "Two locks for the same packages", "What %q is on %s is locked already. Take the block that is in your version control, and remove the other.", w.Asked, o.On()))
	}
	for _, p := range w.Packages {
		wrong := func(summary, format string, args ...any) {
			diags = append(diags, mistake(p.Range, summary, format+" Take the block that is in your version control, or run recipe lock -upgrade="+p.Name+".", args...))
		}
		switch {
		case !osNamePattern.MatchString(p.Name) || !osVersionPattern.MatchString(p.Version):
			diags = append(diags, mistake(p.Range, "Wrong version in the lock file", "No package of an operating system is called %q, or has the version %q. Take the block that is in your version control, or remove it and run recipe lock.", p.Name, p.Version))
		case !digestPattern.MatchString(p.Digest) || !osTextPattern.MatchString(p.Origin):
			wrong("Wrong digest in the lock file", "%s %s has no usable digest, \"sha256:\" and 64 hexadecimal digits.", p.Name, p.Version)
		case slices.ContainsFunc(o.Chosen, func(other OSPackage) bool { return other.Name == p.Name }):
			wrong("Two locks for one package", "%s is there already among what %q is.", p.Name, w.Asked)
		case f.otherDigest(o.On(), p.Name, p.Version, p.Digest) != "":
			wrong("Two digests for one version", "%s %s is locked with %s already.", p.Name, p.Version, f.otherDigest(o.On(), p.Name, p.Version, p.Digest))
		}
		o.Chosen = append(o.Chosen, OSPackage{p.Name, p.Version, p.Digest, p.Origin})
	}
	f.OSPackages = append(f.OSPackages, o)
	return diags
}

// otherDigest is one that a version is locked with on the system and that is not digest; "" if there is none.
func (f *File) otherDigest(on, name, version, digest string) string {
	for i := range f.OSPackages {
		for _, p := range f.OSPackages[i].Chosen {
			if f.OSPackages[i].On() == on && p.Name == name && p.Version == version && p.Digest != digest {
				return p.Digest
			}
		}
	}
	return ""
}
