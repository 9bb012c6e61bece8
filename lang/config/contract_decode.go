package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// contract reads a contract block.
func (d *recipeDecoder) contract(b *hcl.Block) {
	service := b.Labels[0]
	if first := d.recipe.Contracts[service]; first != nil {
		d.duplicate("contract", first.Range, b.DefRange)
		return
	}
	d.serviceName(service, b.LabelRanges[0])
	schema := &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "version", Required: true}},
		Blocks: []hcl.BlockHeaderSchema{{Type: "attribute", LabelNames: []string{"name"}}}}
	c := d.content(b.Body, schema)
	out := &Contract{Service: service, Version: d.version(c.Attributes["version"]), Attributes: map[string]*ContractAttribute{}, Range: b.DefRange}
	for _, inner := range c.Blocks {
		d.contractAttribute(inner, out)
	}
	d.recipe.Contracts[service] = out
}

func (d *recipeDecoder) contractAttribute(b *hcl.Block, of *Contract) {
	name := b.Labels[0]
	if first := of.Attributes[name]; first != nil {
		d.duplicate("attribute", first.Range, b.DefRange)
		return
	}
	d.identifier("an attribute", name, b.LabelRanges[0])
	schema := attributes("description", "optional", "sensitive", "since")
	schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: "type", Required: true})
	c := d.content(b.Body, schema)
	a := &ContractAttribute{Name: name, Description: d.text(c.Attributes["description"]), Optional: d.boolean(c.Attributes["optional"]),
		Sensitive: d.boolean(c.Attributes["sensitive"]), Since: d.version(c.Attributes["since"]), Range: b.DefRange}
	if a.Since != nil && of.Version != nil && !of.covers(a.Since) {
		d.fault(c.Attributes["since"].Expr.Range().Ptr(), "Attribute of another version", "The contract is version %s, so an attribute of it cannot be there since %s. Raise the version of the contract.", of.Version, a.Since)
	}
	a.Type, _ = d.typeOf(c.Attributes["type"])
	of.Attributes[name] = a
}

// checkContracts holds the recipe against the contracts that it defines and those in the box.
func (d *recipeDecoder) checkContracts() {
	r := d.recipe
	for _, c := range sortedByRange(r.Contracts, func(c *Contract) hcl.Range { return c.Range }) {
		d.checkOwner(c)
	}
	d.diags = append(d.diags, r.CheckUses(func(q *Requirement) *Contract { return r.known(q.Service) })...)
	if d.diags.HasErrors() {
		return // what is given cannot be told while something else is wrong
	}
	for _, p := range sortedByRange(r.Provides, func(p *Provided) hcl.Range { return p.Range }) {
		if c := r.known(p.Service); c != nil {
			d.diags = append(d.diags, r.CheckFilled(p, c)...)
		}
	}
}

// checkOwner lets a service be defined by its own namespace only: else anybody could say what the services of others are.
func (d *recipeDecoder) checkOwner(c *Contract) {
	namespace, _, named := strings.Cut(c.Service, "/")
	own, _, _ := strings.Cut(d.recipe.Name, "/")
	switch {
	case BoxContract(c.Service) != nil:
		d.fault(&c.Range, "Contract in the box", "The service %s is defined by recipe itself. Give yours a name of its own, such as %s/%s.", c.Service, own, c.Service)
	case named && namespace != own:
		d.fault(&c.Range, "Contract of somebody else", "The service %s is defined by the packages of %s, and this is one of %s.", c.Service, namespace, own)
	}
}
