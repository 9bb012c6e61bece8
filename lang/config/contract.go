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
}

// ContractAttribute is one value that a consumer gets.
type ContractAttribute struct {
	Name        string
	Type        cty.Type
	Description string
	Optional    bool // an implementation may leave it out
	Sensitive   bool // a secret, whatever the implementation says
	Range       hcl.Range
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
