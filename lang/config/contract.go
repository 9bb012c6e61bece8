package config

import (
	"embed"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/planner/semver"
)

// Contract is the definition of a service: what a consumer gets, whoever implements it.
type Contract struct {
	Service    string
	Version    *semver.Version // of the contract; nil when it was not readable
	Attributes map[string]*ContractAttribute
	Range      hcl.Range
	box        bool // it is of the box
}

// ContractAttribute is one value that a consumer gets.
type ContractAttribute struct {
	Name        string
	Type        cty.Type
	Description string
	Optional    bool // an implementation may leave it out
	Sensitive   bool // a secret, whatever the implementation says
	// Since is the version of the contract that brought it; nil if it was always there. An older implementation does without it, and
	// who uses it has to require that version.
	Since *semver.Version
	Range hcl.Range
}

// later is the attribute as an implementation sees it that is older than it.
func (a *ContractAttribute) later() *ContractAttribute {
	optional := *a
	optional.Optional = true
	return &optional
}

// Speaks reports whether the contract is of the same line as a version: versions of one line may be exchanged. That is the
// major version, and below 1.0 the minor one too.
func (c *Contract) Speaks(v *semver.Version) bool {
	return v.Major() == c.Version.Major() && (v.Major() > 0 || v.Minor() == c.Version.Minor())
}

// covers reports whether the contract tells what a version of its service has. The box's are of all versions: they are
// counted as the software is. Of others it is those of its line, up to its own; the last number does not count.
func (c *Contract) covers(v *semver.Version) bool {
	return c.box || c.Speaks(v) && v.Minor() <= c.Version.Minor()
}

//go:embed contracts.hcl
var boxFiles embed.FS

// boxContracts are those of the services in the box, by service.
var boxContracts = sync.OnceValue(func() map[string]*Contract {
	l := newLoader(boxFiles)
	d := &recipeDecoder{loader: l, recipe: newRecipe(l.sources)}
	if body := l.parse("contracts.hcl", maxRecipeBytes); body != nil {
		for _, b := range d.content(body, &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "contract", LabelNames: []string{"service"}}}}).Blocks {
			d.contract(b)
		}
	}
	if l.diags.HasErrors() {
		panic("internal error: the contracts in the box: " + l.diags.Error())
	}
	for _, c := range d.recipe.Contracts {
		c.box = true
	}
	return d.recipe.Contracts
})

// BoxContract is the contract of a service in the box, or nil.
func BoxContract(service string) *Contract { return boxContracts()[service] }

// known is the contract of a service as far as the recipe alone tells: its own, or that of the box; nil if nobody
// defines it here.
func (r *Recipe) known(service string) *Contract {
	if c := r.Contracts[service]; c != nil {
		return c
	}
	return BoxContract(service)
}
