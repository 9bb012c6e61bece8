package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/dbus"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/sandbox"
)

// hidden are the directories of which a process sees what it is given alone: homes of users, and where data lies. The rest of the
// system it sees as everybody does, and cannot write to.
var hidden = []string{"/home", "/root", "/tmp", "/var", "/srv", "/mnt", "/media"}

// given are the parts of hidden directories that every process is given to read.
var given = []string{"/var/lib/ca-certificates", "/var/cache/fontconfig"}

// The types of properties of mounts.
type (
	emptied struct { // (ss)
		Path    string
		Options string
	}
	bound struct { // (ssbt)
		Source, Destination string
		Optional            bool
		Flags               uint64
	}
)

const recursively = 0x4000 // MS_REC of mount(2): with what is mounted below

// files are what a process may use, as the sandbox of its recipe says: the files of its instance and the store, and what recipe and
// stack add. The rest of RECIPE_HOME is not there for it.
type files struct {
	directory, home  string // of the instance; RECIPE_HOME, "" if it is in none
	workdir, program string
	read, write      []string
}

// hide are the properties that keep a process to its files. v is the value of the instance's process.
func hide(v cty.Value, program string) []dbus.Property {
	said := sandbox.Decode(v.GetAttr("sandbox"), v.GetAttr("directory").AsString())
	if !said.Enabled {
		return nil
	}
	f := files{directory: said.Directory, home: homeOf(said.Directory), workdir: v.GetAttr("workdir").AsString(), program: program, read: said.Read, write: said.Write}
	return []dbus.Property{
		property("ProtectSystem", "strict"), property("TemporaryFileSystem", f.empty()),
		property("BindReadOnlyPaths", append(bind(f.own(), true), bind(f.read, false)...)),
		property("BindPaths", append(bind(f.parts(), true), bind(f.write, false)...)),
	}
}

// empty are the directories of which the process sees what it is given alone.
func (f files) empty() []emptied {
	var all []emptied
	for _, path := range append([]string{f.home}, hidden...) {
		if path != "" && !slices.Contains(f.read, path) && !slices.Contains(f.write, path) {
			all = append(all, emptied{path, "ro"})
		}
	}
	return all
}

// own are the files that it may read unasked; not all have to be there.
func (f files) own() []string {
	all := append([]string{f.directory, f.program}, given...)
	if f.home != "" {
		all = append(all, filepath.Join(f.home, "store"))
	}
	if f.workdir != "/" && !within(f.workdir, f.home) && !within(f.home, f.workdir) {
		all = append(all, f.workdir)
	}
	return all
}

// parts are the directories of the instance that it may write to.
func (f files) parts() []string {
	var all []string
	for _, part := range []string{"data", "config", "tmp"} {
		all = append(all, filepath.Join(f.directory, part))
	}
	return all
}

func bind(paths []string, optional bool) []bound {
	all := []bound{}
	for _, path := range paths {
		all = append(all, bound{path, path, optional, recursively})
	}
	return all
}

// homeOf is the RECIPE_HOME that an instance's directory is in, "" if it is in none.
func homeOf(directory string) string {
	home, rest, ok := strings.Cut(directory, "/stacks/")
	if !ok || !strings.Contains(rest, "/instances/") {
		return ""
	}
	return home
}

// within reports whether a path is another one or below it; nothing is in "". Both are clean.
func within(inner, outer string) bool {
	return outer != "" && (inner == outer || strings.HasPrefix(inner, strings.TrimSuffix(outer, "/")+"/"))
}
