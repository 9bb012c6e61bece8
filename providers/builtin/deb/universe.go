package deb

import (
	"fmt"
	"slices"
	"strings"
)

// universe is all that the sources of the machine offer. It does not change once made; paragraphs are parsed when
// somebody asks for them.
type universe struct {
	found    map[string][]found  // by name
	provided map[string][]string // names of packages by the name that they provide, in the order of the sources
	base     map[string]*pkg     // what every machine of the distribution has
}

type found struct {
	index *index
	text  string
}

func newUniverse(indexes []*index) (*universe, error) {
	u := &universe{found: map[string][]found{}, provided: map[string][]string{}}
	var core []request
	for _, x := range indexes {
		x.each(func(text string) {
			name := field(text, "Package")
			u.found[name] = append(u.found[name], found{x, text})
			for _, group := range parseRelations(field(text, "Provides")) {
				for _, r := range group {
					u.provided[r.name] = append(u.provided[r.name], name)
				}
			}
			if field(text, "Essential") == "yes" || field(text, "Priority") == "required" {
				core = append(core, request{name: name})
			}
		})
	}
	// The base is the core with all that it needs; libraries among that are not marked in any way.
	closure, err := u.resolve(core, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot work out the base system: %w", err)
	}
	u.base = map[string]*pkg{}
	for _, p := range closure {
		u.base[p.Name] = p
	}
	return u, nil
}

// candidates returns the versions of a package that the sources offer, the one to prefer first. Entries that cannot
// be used are left out.
func (u *universe) candidates(name string) []*pkg {
	var all []*pkg
	for _, f := range u.found[name] {
		if p, err := f.index.parse(f.text); err == nil {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b *pkg) int {
		if a.notAutomatic != b.notAutomatic {
			if a.notAutomatic {
				return 1
			}
			return -1
		}
		return compareVersions(b.Version, a.Version)
	})
	return all
}

// exact returns the package of the version, or nil.
func (u *universe) exact(name, version string) *pkg {
	for _, p := range u.candidates(name) {
		if p.Version == version {
			return p
		}
	}
	return nil
}

// request is a package that the user asks for: "redis-server" or "redis-server=5:7.0.15-1".
type request struct {
	name    string
	version string // "" for the one to prefer
}

func parseRequest(text string) (request, error) {
	name, version, pinned := strings.Cut(text, "=")
	if !namePattern.MatchString(name) || pinned && !versionPattern.MatchString(version) {
		return request{}, fmt.Errorf("%q is neither a package name nor name=version", text)
	}
	return request{name, version}, nil
}
