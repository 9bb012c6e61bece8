package config

import (
	"github.com/hashicorp/hcl/v2"
)

func newRecipe(sources map[string][]byte) *Recipe {
	return &Recipe{
		Depends:      map[string]*Depend{},
		Providers:    map[string]*Provider{},
		Requirements: map[string]*Requirement{},
		Provides:     map[string]*Provided{},
		Contracts:    map[string]*Contract{},
		Inputs:       map[string]*Variable{},
		Locals:       map[string]*Local{},
		Ports:        map[string]*Port{},
		Secrets:      map[string]*Secret{},
		Sources:      sources,
	}
}

// recipeDecoder reads the blocks of a recipe.
type recipeDecoder struct {
	*loader
	recipe *Recipe
	ports  map[string]*hcl.Attribute // by service: the attribute that names the port of a provides block
	unique map[string]hcl.Range      // where each block that may come once was written

	resourceIndex map[[3]string]*Resource // by block, type and name
}

func recipeSchema() *hcl.BodySchema {
	return &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "package"},
		{Type: "depends", LabelNames: []string{"package"}},
		{Type: "uses_provider", LabelNames: []string{"name"}},
		{Type: "provider", LabelNames: []string{"protocol", "name"}},
		{Type: "requires", LabelNames: []string{"name"}},
		{Type: "provides", LabelNames: []string{"service"}},
		{Type: "contract", LabelNames: []string{"service"}},
		{Type: "input", LabelNames: []string{"name"}},
		{Type: "locals"},
		{Type: "port", LabelNames: []string{"name"}},
		{Type: "secret", LabelNames: []string{"name"}},
		{Type: "install"},
		{Type: "configure"},
		{Type: "step", LabelNames: []string{"name"}},
		{Type: "process", LabelNames: []string{"name"}},
		{Type: "health"},
		{Type: "stop"},
		{Type: "update"},
		{Type: "sandbox"},
		{Type: "backup"},
		{Type: "restore"},
		{Type: "promote"},
		{Type: "bind"},
		{Type: "unbind"},
	}}
}

func (d *recipeDecoder) file(body hcl.Body) {
	d.ports, d.unique = map[string]*hcl.Attribute{}, map[string]hcl.Range{}
	d.resourceIndex = map[[3]string]*Resource{}
	blocks := d.content(body, recipeSchema()).Blocks
	for _, b := range blocks {
		d.block(b)
	}
	d.pluginAlone(blocks)
}

func (d *recipeDecoder) block(b *hcl.Block) {
	r := d.recipe
	switch b.Type {
	case "package":
		d.pkg(b)
	case "depends":
		d.depends(b)
	case "uses_provider", "provider":
		d.provider(b)
	case "requires":
		d.requires(b)
	case "provides":
		d.provides(b)
	case "contract":
		d.contract(b)
	case "input":
		d.variable(b, "input", r.Inputs)
	case "locals":
		d.locals(b, r.Locals)
	case "port":
		d.port(b)
	case "secret":
		d.secret(b)
	case "install":
		r.Install = d.resources(b, r.Install)
	case "configure":
		r.Configure = d.resources(b, r.Configure)
	case "step":
		d.step(b)
	case "process":
		d.process(b)
	case "health":
		if d.once(b) {
			r.Health = d.health(b)
		}
	case "stop":
		if d.once(b) {
			r.Stop = d.stop(b)
		}
	case "update":
		if d.once(b) {
			r.Update = d.update(b, false)
		}
	case "sandbox":
		if d.once(b) {
			r.Sandbox = d.sandbox(b)
		}
	case "backup":
		if d.once(b) {
			r.Backup = d.command(b, "env", "directory", "timeout")
		}
	case "restore":
		if d.once(b) {
			r.Restore = d.command(b)
		}
	case "promote":
		if d.once(b) {
			r.Promote = d.command(b, "timeout")
		}
	case "bind":
		d.binder(b)
	case "unbind":
		d.fault(&b.DefRange, "No unbind needed", "What the bind block makes is taken away by itself when the binding ends. Remove this block.")
	}
}

// once reports a block that may come once only and is there again.
func (d *recipeDecoder) once(b *hcl.Block) bool {
	if first, again := d.unique[b.Type]; again {
		d.duplicate(b.Type+" block", first, b.DefRange)
		return false
	}
	d.unique[b.Type] = b.DefRange
	return true
}

func (d *recipeDecoder) pkg(b *hcl.Block) {
	if !d.once(b) {
		return
	}
	c := d.content(b.Body, &hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "name", Required: true}, {Name: "version", Required: true}, {Name: "description"}, {Name: "requires_recipe"},
		{Name: "coexist"}, {Name: "platforms"}, {Name: "kind"}, {Name: "program"},
	}})
	r := d.recipe
	r.NameRange = b.DefRange
	if a := c.Attributes["name"]; a != nil {
		r.Name, r.NameRange = d.text(a), a.Expr.Range()
		if r.Name != "" {
			d.packageName(r.Name, r.NameRange)
		}
	}
	r.Version = d.version(c.Attributes["version"])
	r.Description = d.text(c.Attributes["description"])
	r.Requires = d.constraint(c.Attributes["requires_recipe"])
	r.Coexist = d.coexist(c.Attributes["coexist"])
	if platforms := c.Attributes["platforms"]; platforms != nil {
		r.Platforms, r.PlatformsRange = d.platforms(platforms), platforms.Expr.Range()
	}
	d.packageKind(c.Attributes["kind"], c.Attributes["program"], c.Attributes["platforms"], c.Attributes["coexist"])
}

func (d *recipeDecoder) depends(b *hcl.Block) {
	name := b.Labels[0]
	if first := d.recipe.Depends[name]; first != nil {
		d.duplicate("dependency", first.Range, b.DefRange)
		return
	}
	d.packageName(name, b.LabelRanges[0])
	c := d.content(b.Body, attributes("version"))
	d.recipe.Depends[name] = &Depend{Package: name, Constraint: d.constraint(c.Attributes["version"]), Range: b.DefRange}
}

func (d *recipeDecoder) requires(b *hcl.Block) {
	name := b.Labels[0]
	if first := d.recipe.Requirements[name]; first != nil {
		d.duplicate("requirement", first.Range, b.DefRange)
		return
	}
	d.name("requirement", name, b.LabelRanges[0])
	c := d.content(b.Body, &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "service", Required: true}, {Name: "version"}}})
	r := &Requirement{Name: name, Constraint: d.constraint(c.Attributes["version"]), Range: b.DefRange}
	if a := c.Attributes["service"]; a != nil {
		if r.Service = d.text(a); r.Service != "" {
			d.serviceName(r.Service, a.Expr.Range())
		}
	}
	d.recipe.Requirements[name] = r
}

func (d *recipeDecoder) provides(b *hcl.Block) {
	service := b.Labels[0]
	if first := d.recipe.Provides[service]; first != nil {
		d.duplicate("provided service", first.Range, b.DefRange)
		return
	}
	d.serviceName(service, b.LabelRanges[0])
	c := d.content(b.Body, &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "version", Required: true}, {Name: "port"}, {Name: "scheme"}}})
	p := &Provided{Service: service, Version: d.version(c.Attributes["version"]), Scheme: "http", Range: b.DefRange}
	if a := c.Attributes["scheme"]; a != nil {
		p.Scheme = d.text(a)
	}
	if a := c.Attributes["port"]; a != nil {
		p.Port = d.portReference(a)
		d.ports[service] = a
	}
	d.recipe.Provides[service] = p
}

// portReference reads `port = port.web`.
func (d *recipeDecoder) portReference(a *hcl.Attribute) string {
	t, diags := hcl.AbsTraversalForExpr(a.Expr)
	if !diags.HasErrors() && len(t) == 2 && t.RootName() == "port" {
		if name, ok := t[1].(hcl.TraverseAttr); ok {
			return name.Name
		}
	}
	d.fault(a.Expr.Range().Ptr(), "Not a port", "port must name a port of this recipe, such as port.web.")
	return ""
}

func (d *recipeDecoder) port(b *hcl.Block) {
	name := b.Labels[0]
	if first := d.recipe.Ports[name]; first != nil {
		d.duplicate("port", first.Range, b.DefRange)
		return
	}
	d.name("port", name, b.LabelRanges[0])
	p := &Port{Name: name, Range: b.DefRange}
	c := d.content(b.Body, attributes("number"))
	if a := c.Attributes["number"]; a != nil {
		d.portNumber(a)
		p.Number = a.Expr
	}
	d.recipe.Ports[name] = p
}

// The bytes of randomness that a secret may have.
const (
	minSecret = 16
	maxSecret = 1024
)

func (d *recipeDecoder) secret(b *hcl.Block) {
	name := b.Labels[0]
	if first := d.recipe.Secrets[name]; first != nil {
		d.duplicate("secret", first.Range, b.DefRange)
		return
	}
	d.name("secret", name, b.LabelRanges[0])
	s := &Secret{Name: name, Range: b.DefRange}
	c := d.content(b.Body, attributes("length"))
	if a := c.Attributes["length"]; a != nil {
		s.Length = d.integer(a, minSecret, maxSecret)
	}
	d.recipe.Secrets[name] = s
}

// finish checks what only the whole shows.
func (d *recipeDecoder) finish(body hcl.Body) {
	if _, ok := d.unique["package"]; !ok {
		rng := body.MissingItemRange()
		d.fault(&rng, "No package block", `A recipe begins with the block that names the package: package { name = "acme/shop", version = "1.0.0" }, on lines of their own.`)
	}
	if self := d.recipe.Depends[d.recipe.Name]; self != nil {
		d.fault(&self.Range, "Depends on itself", "The files of %s are there anyway, in package.path. Remove this block.", d.recipe.Name)
	}
	d.checkReferences()
	d.checkContracts()
}
