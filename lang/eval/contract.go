package eval

import (
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/function"
)

// contract is the definition of a service, by the box or a package of the lock; nil if nobody defines it.
func (g *Graph) contract(service string) *config.Contract {
	if c := config.BoxContract(service); c != nil {
		return c
	}
	return g.contracts[service]
}

// checkContracts holds each package against the contracts that other packages define. Of two packages that define the
// same service, which are versions of one, the first of the lock counts.
func (b *builder) checkContracts() {
	b.contracts = map[string]*config.Contract{}
	for _, r := range b.all {
		for service, c := range r.Contracts {
			if b.contracts[service] == nil {
				b.contracts[service] = c
			}
		}
	}
	for _, r := range b.all {
		b.checkContractsOf(r)
	}
}

func (b *builder) checkContractsOf(r *recipe) {
	elsewhere := func(service string) *config.Contract {
		if r.Contracts[service] != nil || config.BoxContract(service) != nil {
			return nil // held against it when it was loaded
		}
		return b.contracts[service]
	}
	b.diags = append(b.diags, r.CheckUses(elsewhere)...)
	for _, service := range slices.Sorted(maps.Keys(r.Provides)) {
		if c := elsewhere(service); c != nil {
			b.diags = append(b.diags, r.CheckFilled(r.Provides[service], c)...)
		}
	}
}

// hide makes secrets of what the contract calls so, whatever the implementation did.
func hide(attributes map[string]cty.Value, c *config.Contract) {
	if c == nil {
		return
	}
	for name, a := range c.Attributes {
		if v, ok := attributes[name]; ok && a.Sensitive {
			attributes[name] = v.Mark(function.Sensitive)
		}
	}
}
