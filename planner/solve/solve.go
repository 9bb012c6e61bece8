// Package solve chooses one version of each package and one implementation of each required service, and tells
// for each choice why. It sees packages only through Source.
package solve

import (
	"context"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/semver"
)

// Source knows packages: the library in the box, local directories, later registries.
type Source interface {
	// Versions lists the manifests of a package, newest first; none if the source does not know it. An error that is
	// hcl.Diagnostics is told at their places, another one where the package is named.
	Versions(ctx context.Context, name string) ([]*Manifest, error)
	// Implementations lists the packages that provide a service, the default one first.
	Implementations(ctx context.Context, service string) ([]string, error)
}

// Excuser is a Source that can say why it has no version of a package.
type Excuser interface {
	// Absence says in words, without a point at the end, why there is no version to be chosen; "" if there is no more to say.
	Absence(ctx context.Context, name string) string
}

// Suggester is a Source that knows which package may be meant by a name that none has.
type Suggester interface {
	// Suggest is a sentence with a space before it; "" when nothing is near.
	Suggest(name string) string
}

// Manifest is what the solver needs to know of one version of a package.
type Manifest struct {
	Name     string
	Version  *semver.Version
	Origin   string // where it comes from, for people: "library" or "./shop"
	Depends  []Dependency
	Uses     []Dependency // plugins
	Requires []Requirement
	Provides []Service

	Plugin    bool     // it supplies resource types, and nothing is made from it
	Protocols []int    // of a plugin: the versions of the protocol that it speaks; nil for whatever
	Coexist   bool     // versions of different majors may be in one stack
	Platforms []string // "linux/amd64"; nil for all
	Recipe    *Recipe  // which recipe it asks for; nil for any
}

// Recipe is a demand for a version of recipe itself.
type Recipe struct {
	Text       string
	Constraint *semver.Constraint
	Range      hcl.Range
}

// Wanted is what a stack asks for.
type Wanted struct {
	Roots   []Root
	Prefer  []string             // packages that are taken as implementations before others, the first one first
	Exclude map[string]hcl.Range // packages that are not taken, with the place where that is said
	Locked  map[string][]string  // versions by package, taken wherever they fit
	Taken   map[string]string    // packages by service, taken as implementations unless others are preferred
	Uses    []Dependency         // plugins that the stack itself names
	Given   map[string]bool      // plugins whose program the stack has: nobody needs a package of them

	Platform string          // of the machine, "linux/amd64"; "" for whatever
	Recipe   *semver.Version // which recipe this is; nil for whatever
	Protocol int             // the version of the protocol that this recipe speaks with plugins; 0 for whatever
}

// Dependency is a need for the files of another package, or for a plugin.
type Dependency struct {
	Package    string
	Text       string             // the constraint as written; "" for any version
	Constraint *semver.Constraint // nil for any version
	Range      hcl.Range
}

// Requirement is a need for a service.
type Requirement struct {
	Name       string
	Service    string
	Text       string
	Constraint *semver.Constraint // nil for any version
	Range      hcl.Range
}

// Service is a service on offer.
type Service struct {
	Name    string
	Version *semver.Version
}

// Root is one component block of the stack.
type Root struct {
	Component  addr.Component
	Package    string
	Text       string
	Constraint *semver.Constraint // nil for any version
	Manifest   *Manifest          // set when the stack names the files themselves: there is nothing to choose
	Binds      map[string]Bind    // explicit ones, by requirement name
	Range      hcl.Range
	NameRange  hcl.Range // of the package's name
}

// Bind is an explicit choice of the implementation of a requirement.
type Bind struct {
	To    addr.Component
	Range hcl.Range
}

// Lock is what was chosen.
type Lock struct {
	Packages   []Package   `json:"packages"`   // by name
	Components []Component `json:"components"` // those of the stack in their order, then what was added
	Bindings   []Binding   `json:"bindings"`   // by component in that order, then by requirement
}

// Package is a chosen version.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Origin  string `json:"origin"`
	Digest  string `json:"digest,omitempty"` // of its files; filled in when they are in the store
	Reason  string `json:"reason"`
}

// Component says which package a component is made from.
type Component struct {
	Component addr.Component `json:"component"`
	Package   int            `json:"package"`         // index into Packages
	Added     string         `json:"added,omitempty"` // why the plan added it; "" if the stack names it
}

// Binding says which component meets a requirement.
type Binding struct {
	Consumer       addr.Component `json:"consumer"`
	Requirement    string         `json:"requirement"`
	Service        string         `json:"service"`
	Implementation addr.Component `json:"implementation"`
	Reason         string         `json:"reason"`
}
