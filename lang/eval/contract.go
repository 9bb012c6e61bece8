package eval

import (
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/function"
)

// contractsOf are the definitions of a service, by the box or packages of the lock, the newest first.
func (g *Graph) contractsOf(service string) []*config.Contract {
	if c := config.BoxContract(service); c != nil {
		return []*config.Contract{c}
	}
	return g.contracts[service]
}

// checkContracts holds each package against the contracts that other packages define.
func (b *builder) checkContracts() {
	b.contracts = map[string][]*config.Contract{}
	for _, r := range b.all {
		for service, c := range r.Contracts {
			b.contracts[service] = append(b.contracts[service], c)
		}
	}
	for _, list := range b.contracts {
		slices.SortStableFunc(list, func(a, b *config.Contract) int { return b.Version.Compare(*a.Version) })
	}
	for _, r := range b.all {
		b.checkContractsOf(r)
	}
}

func (b *builder) checkContractsOf(r *recipe) {
	// elsewhere is the newest contract that fits, or else the newest; nil if the recipe was held against one when it was loaded.
	elsewhere := func(service string, fits func(*config.Contract) bool) *config.Contract {
		list := b.contracts[service]
		if len(list) == 0 || r.Contracts[service] != nil || config.BoxContract(service) != nil {
			return nil
		}
		return list[max(slices.IndexFunc(list, fits), 0)]
	}
	b.diags = append(b.diags, r.CheckUses(func(q *config.Requirement) *config.Contract {
		return elsewhere(q.Service, func(c *config.Contract) bool { return q.Constraint == nil || q.Constraint.Check.Allows(*c.Version) })
	})...)
	for _, service := range slices.Sorted(maps.Keys(r.Provides)) {
		p := r.Provides[service]
		if c := elsewhere(service, func(c *config.Contract) bool { return c.Speaks(p.Version) }); c != nil {
			b.diags = append(b.diags, r.CheckFilled(p, c)...)
		}
	}
}

// hide makes secrets of what a contract calls so, in whatever version, and whatever the implementation did.
func hide(attributes map[string]cty.Value, contracts []*config.Contract) {
	for _, c := range contracts {
		for name, a := range c.Attributes {
			if v, ok := attributes[name]; ok && a.Sensitive {
				attributes[name] = v.Mark(function.Sensitive)
			}
		}
	}
}
