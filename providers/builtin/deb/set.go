package deb

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// Wish is what a resource asks for, in the order in which it is written.
type Wish struct {
	Packages []string // names, or name=version
	Exclude  []string
}

// WishOf reads the value of a resource; ok is false as long as it depends on something unknown, or is no good wish.
func WishOf(v cty.Value) (w Wish, ok bool) {
	v, _ = v.UnmarkDeep()
	if v.IsNull() || !v.GetAttr("packages").IsWhollyKnown() || !v.GetAttr("exclude").IsWhollyKnown() {
		return Wish{}, false
	}
	w = Wish{texts(v, "packages"), texts(v, "exclude")}
	_, err := readWish(v)
	return w, err == nil
}

// Equal reports whether both ask for the same.
func (w Wish) Equal(other Wish) bool {
	return slices.Equal(w.Packages, other.Packages) && slices.Equal(w.Exclude, other.Exclude)
}

// Set is what a wish was resolved to: packages ordered by name and version. It says which bits they are, and not where to get them.
type Set []Package

// Package is one package of a set.
type Package struct {
	Name    string
	Version string
	SHA256  string // of the file, 64 hexadecimal digits
	Origin  string // who publishes it, with suite and component: "Debian bookworm main"; "" if nobody says
}

// Key names the entry of the store that has just this set.
func (s Set) Key() string { return s.manifest().key() }

// Names lists the packages as "name=version".
func (s Set) Names() []string { return s.manifest().pins() }

// Settle fills in what is known of a resource beforehand when it is to have just this set; root is the directory of the store.
func (s Set) Settle(v cty.Value, root string) cty.Value {
	return withResult(v, root+"/"+s.Key(), s.Names())
}

// Kept is the set that an entry of the store was made of; nil if that is not known any more. Dir is that of the downloads.
func Kept(dir, key string) Set { return readManifest(dir, key).set() }

// KeyOf returns the key of the entry of the store in the value of a resource, "" if there is none yet.
func KeyOf(v cty.Value) string { return keyOf(v) }

func (s Set) manifest() manifest {
	m := make(manifest, len(s))
	for i, p := range s {
		m[i] = &pkg{Name: p.Name, Version: p.Version, SHA256: p.SHA256, Origin: p.Origin}
	}
	return newManifest(m)
}

func (m manifest) set() Set {
	if m == nil {
		return nil
	}
	s := make(Set, len(m))
	for i, p := range m {
		s[i] = Package{p.Name, p.Version, p.SHA256, p.Origin}
	}
	return s
}
