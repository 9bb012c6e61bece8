package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/semver"
)

// Stack is a stack file (or a directory of them) as it was written: structure checked, nothing evaluated.
type Stack struct {
	Name       string // from the label of the stack block
	Range      hcl.Range
	Requires   *Constraint // on recipe itself; nil for none
	Registries []Named     // addresses, in the order in which they are searched
	Prefer     []Named     // packages that are taken as implementations before others
	Exclude    []Named     // packages that are never taken
	Variables  map[string]*Variable
	Locals     map[string]*Local
	Components []*Component // in the order of the files
	Outputs    map[string]*Output
	Executor   *Provider            // the plugin that runs the instances; nil for the agent itself
	Providers  map[string]*Provider // plugins for all recipes, by name; they go before those that recipes bring

	Certificates *Certificates // for routes with tls = "acme"; nil for none

	Sources map[string][]byte // the text of each file by its name, for snippets
}

// Variable is a typed value that the user may set from outside: of a stack (`variable`) or of a recipe (`input`).
type Variable struct {
	Name        string
	Description string
	Type        cty.Type // cty.DynamicPseudoType when not declared; object types may have optional attributes
	Defaults    *Defaults
	Default     cty.Value // cty.NilVal when there is none: the variable is required
	Sensitive   bool
	Nullable    bool
	Validations []*Validation
	Range       hcl.Range
}

// Validation is one rule that a variable's value must satisfy.
type Validation struct {
	Condition    hcl.Expression
	ErrorMessage hcl.Expression
	Range        hcl.Range
}

// Local is a named expression.
type Local struct {
	Name  string
	Expr  hcl.Expression
	Range hcl.Range
}

// Output is a value that the stack shows to its user.
type Output struct {
	Name        string
	Description string
	Value       hcl.Expression
	Sensitive   bool
	Range       hcl.Range
}

// Constraint is a version constraint with the place where it was written.
type Constraint struct {
	Text  string
	Check *semver.Constraint
	Range hcl.Range
}

// Named is a package's name where it was written.
type Named struct {
	Name  string
	Range hcl.Range
}

// Component is an app or middleware block: one component, or several with for_each or count.
type Component struct {
	Block addr.Component // without a key
	Range hcl.Range      // of the block's header

	Package      string // name in the library or a registry; "" with Source
	PackageRange hcl.Range
	Source       string // a directory or a go-getter address; "" with Package
	SourceRange  hcl.Range
	Version      *Constraint // nil for any

	Instances hcl.Expression         // nil: one
	Backups   hcl.Expression         // how many more that take over; nil: none
	Count     hcl.Expression         // nil without
	ForEach   hcl.Expression         // nil without
	Inputs    map[string]*Assignment // by input name
	Env       hcl.Expression         // a map of variables for all that runs of it, on top of the recipe's; nil: none
	Binds     map[string]*Bind       // by requirement name
	Ports     map[string]hcl.Expression
	Routes    []*Route // in the order of the file
	DependsOn []Reference
	Retention *Retention // which backups are kept; nil for all
	Update    *Update    // nil for what the recipe says, or the usual
	Limits    *Bounds    // of each process; nil for what the recipe says
	Sandbox   *Sandbox   // added to what the recipe says; nil for nothing
}

// The strategies of an Update.
const (
	Rolling  = "rolling"  // the new one starts beside the old one, which goes when the new one is ready
	Recreate = "recreate" // the old one is stopped, then the new one started
	Canary   = "canary"   // rolling, but only so many instances; the others wait for a word
)

// Update is how the instances of a component come to a new version.
type Update struct {
	Strategy    string    // "" for rolling where that can be
	MaxParallel int       // how many instances at a time, 1 or more
	Canary      int       // how many instances get it first; 0 for any other strategy
	Drain       string    // how long the requests of an old one may still take, as Go writes it; "" for the usual
	Hold        bool      // a failure stops the run where it is instead of taking it back
	Range       hcl.Range // of the strategy, else of the block's header
}

// Retention is which backups of the data of an instance are kept; see the block backup of a component.
type Retention struct {
	Keep   int    // at most so many; 0 is all
	MaxAge string // none that is older, as Go writes it; "" is any age
	Range  hcl.Range
}

// Assignment is the value given to one input.
type Assignment struct {
	Name      string
	NameRange hcl.Range
	Expr      hcl.Expression
}

// Bind says which component meets a requirement.
type Bind struct {
	Requirement string
	To          hcl.Expression // a traversal: middleware.main or app.shop["eu"], each.key allowed
	Range       hcl.Range
}

// Reference is a component named in the text.
type Reference struct {
	Component addr.Component
	Range     hcl.Range
}
