// Package catalog holds packages with their versions: what each needs of other packages, which services it requires and
// which it provides. It makes a problem for planner/pubgrub of them, answers queries, and tells in sentences why one has no
// answer.
//
// A requirement of a service that several packages provide becomes a package of its own, a choice. Each of its versions
// stands for one provider and needs a version of that provider that fits. So different requirements of one service may be
// met by different packages.
package catalog

import (
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/planner/pubgrub"
	"github.com/nsynapse/recipe/planner/semver"
)

// Need is a need for a package or a service, in a version that fits.
type Need struct {
	Name       string
	Constraint semver.Constraint
	At         *hcl.Range // where it is written; nil if that is not known
}

// Offer is a service in a version.
type Offer struct {
	Service string
	Version semver.Version
}

// Release is one version of a package.
type Release struct {
	Version  semver.Version
	Text     string // the version as it is written
	Depends  []Need
	Requires []Need
	Provides []Offer
}

// Catalog is a set of packages. Add everything first, then make a Resolver of it; from then on it must not be added to.
type Catalog struct {
	names    map[string]pubgrub.Package
	packages []pack
}

// pack is a package with its versions, oldest first; the release at i is version i+1 of the problem.
type pack struct {
	name     string
	releases []Release
	early    bool // some are prereleases
}

// New returns an empty catalog.
func New() *Catalog { return &Catalog{names: map[string]pubgrub.Package{}} }

// Add adds a version of a package.
func (c *Catalog) Add(name string, r Release) {
	p := c.intern(name)
	c.packages[p].releases = append(c.packages[p].releases, r)
	c.packages[p].early = c.packages[p].early || r.Version.IsPrerelease()
	for i := range r.Depends {
		c.intern(r.Depends[i].Name)
	}
}

func (c *Catalog) intern(name string) pubgrub.Package {
	p, ok := c.names[name]
	if !ok {
		p = pubgrub.Package(len(c.packages))
		c.names[name] = p
		c.packages = append(c.packages, pack{name: name})
	}
	return p
}

// Names lists the packages that have versions, in the order of the alphabet.
func (c *Catalog) Names() []string {
	var names []string
	for i := range c.packages {
		if len(c.packages[i].releases) > 0 {
			names = append(names, c.packages[i].name)
		}
	}
	slices.Sort(names)
	return names
}

// sort brings versions into order. Those that differ in build metadata alone are ordered by their text.
func (c *Catalog) sort() {
	for i := range c.packages {
		slices.SortFunc(c.packages[i].releases, func(a, b Release) int {
			return cmp.Or(a.Version.Compare(b.Version), cmp.Compare(a.Text, b.Text))
		})
	}
}

// matching returns the versions of p that a constraint allows.
func (p *pack) matching(constraint *semver.Constraint) pubgrub.Set {
	var set pubgrub.Set
	if !p.early {
		constraint.Runs(len(p.releases), func(i int) *semver.Version { return &p.releases[i].Version }, func(from, to int) {
			set = set.WithRange(pubgrub.Version(from+1), pubgrub.Version(to))
		})
		return set
	}
	for i := range p.releases {
		if constraint.Allows(p.releases[i].Version) {
			set = set.With(pubgrub.Version(i + 1))
		}
	}
	return set
}

// all returns all versions of p, without pubgrub.Absent.
func (p *pack) all() pubgrub.Set { return pubgrub.Range(1, pubgrub.Version(len(p.releases))) }
