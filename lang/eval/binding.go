package eval

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/function"
)

// consumer is the root of the same name in a bind block.
func (p *Pass) consumer(b *binding) cty.Value {
	attributes := map[string]cty.Value{
		"name":        cty.StringVal(b.consumer.name),
		"requirement": cty.StringVal(b.requirement.Name),
		"identifier":  cty.StringVal(identifier(b)),
		"host":        cty.NullVal(cty.String),
		"port":        cty.NullVal(cty.Number),
		"password":    cty.NullVal(cty.String),
	}
	if b.endpoint >= 0 {
		attributes["host"] = p.attribute(b.endpoint, "host")
		attributes["port"] = p.attribute(b.endpoint, "port")
	}
	if b.secret >= 0 {
		attributes["password"] = p.attribute(b.secret, "value").Mark(function.Sensitive)
	}
	return cty.ObjectVal(attributes)
}

// identifier names a consumer's binding inside the implementation: letters, digits and underscores, at most 63
// bytes (the bound of PostgreSQL), for instance shop_database. What had to be bent to that gets a part of its hash,
// so that app.a-b and app.a_b do not meet.
func identifier(b *binding) string {
	full := b.consumer.addr.Slug() + "_" + b.requirement.Name
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, strings.ToLower(full))
	if name == full && len(name) <= maxIdentifier {
		return name
	}
	sum := sha256.Sum256([]byte(full))
	return name[:min(len(name), maxIdentifier-9)] + "_" + hex.EncodeToString(sum[:4])
}

const maxIdentifier = 63

// binding works out the contract's attributes as the consumer gets them.
func (p *Pass) binding(b *binding) (cty.Value, hcl.Diagnostics) {
	consumer := p.consumer(b)
	attributes := map[string]cty.Value{}
	if b.endpoint >= 0 {
		attributes["host"], attributes["port"] = consumer.GetAttr("host"), consumer.GetAttr("port")
		attributes["uri"] = defaultURI(b, consumer)
	}
	bind := b.implementation.recipe.Bind
	if bind == nil || bind.Attributes == nil {
		return cty.ObjectVal(attributes), nil
	}
	v, diags := bind.Attributes.Value(p.bindContext(b))
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	if plain, _ := v.Unmark(); plain.IsNull() || !plain.Type().IsObjectType() && !plain.Type().IsMapType() {
		return cty.DynamicVal, fail(bind.Attributes.Range(), "Not an object", "attributes has to be an object of the contract's attributes.")
	}
	for name, value := range valuesOf(v) {
		attributes[name] = value
	}
	hide(attributes, p.graph.contractsOf(b.requirement.Service))
	return cty.ObjectVal(attributes), diags
}

// defaultURI is scheme://host:port for a service that says nothing else.
func defaultURI(b *binding, consumer cty.Value) cty.Value {
	scheme := "http"
	if b.provided != nil && b.provided.Scheme != "" {
		scheme = b.provided.Scheme
	}
	host, port := consumer.GetAttr("host"), consumer.GetAttr("port")
	if !host.IsKnown() || !port.IsKnown() || host.IsNull() || port.IsNull() {
		return cty.UnknownVal(cty.String)
	}
	return cty.StringVal(fmt.Sprintf("%s://%s:%s", scheme, host.AsString(), port.AsBigFloat().Text('f', -1)))
}

// bindings are the attributes of all bindings of c as text, for servicebinding.io files.
func (p *Pass) bindings(c *component) cty.Value {
	if len(c.bindings) == 0 {
		return cty.NullVal(cty.Map(cty.Map(cty.String)))
	}
	all := make(map[string]cty.Value, len(c.bindings))
	for _, b := range c.bindings {
		entries := map[string]cty.Value{
			"type":     cty.StringVal(b.requirement.Service),
			"provider": cty.StringVal(b.implementation.recipe.Name),
		}
		for name, v := range p.entries(b) {
			entries[name] = v
		}
		all[b.requirement.Name] = cty.MapVal(entries)
	}
	return cty.MapVal(all)
}

// entries are the attributes of a binding as text, without what is null.
func (p *Pass) entries(b *binding) map[string]cty.Value {
	entries := map[string]cty.Value{}
	for name, v := range valuesOf(p.get(b.join)) {
		if plain, _ := v.Unmark(); plain.IsKnown() && plain.IsNull() {
			continue
		}
		s, err := convert.Convert(v, cty.String)
		if err != nil {
			if s, err = function.JSON(v); err != nil {
				continue
			}
		}
		entries[name] = s
	}
	return entries
}

// bindingEnvironment adds <BINDING>_HOST and so on, and _URL as another name of _URI. DATABASE_URL is that of the
// first database, whatever its binding is called.
func (p *Pass) bindingEnvironment(b *binding, env map[string]cty.Value) {
	prefix := variableName(b.requirement.Name) + "_"
	entries := p.entries(b)
	for name, v := range entries {
		env[prefix+variableName(name)] = v
	}
	uri, ok := entries["uri"]
	if !ok {
		return
	}
	env[prefix+"URL"] = uri
	if _, taken := env["DATABASE_URL"]; !taken && databases[b.requirement.Service] {
		env["DATABASE_URL"] = uri
	}
}

// databases are the services that DATABASE_URL stands for.
var databases = map[string]bool{"sql": true, "postgresql": true, "mysql": true, "mariadb": true}

// component is a component as the stack's expressions see it: app.shop.url. It is made for the first of them, which
// comes after all that belongs to c.
func (p *Pass) component(c *component) cty.Value {
	s := &p.scopes[c.number]
	if s.value == cty.NilVal {
		s.value = p.componentValue(c)
	}
	return s.value
}

func (p *Pass) componentValue(c *component) cty.Value {
	attributes := map[string]cty.Value{
		"name":      cty.StringVal(c.addr.Name),
		"package":   cty.StringVal(c.recipe.Name),
		"version":   cty.StringVal(c.recipe.Version.String()),
		"instances": cty.NumberIntVal(int64(c.instances - c.backups)),
	}
	ports := map[string]cty.Value{}
	for i, name := range c.recipe.served {
		host, port := p.attribute(c.endpoints[i], "host"), p.attribute(c.endpoints[i], "port")
		ports[name] = port
		if i > 0 && name != "web" {
			continue
		}
		attributes["host"], attributes["port"] = host, port
		attributes["url"] = endpointURL(c, name, host, port)
	}
	attributes["ports"] = cty.ObjectVal(ports)
	if len(c.routes) > 0 {
		attributes["url"] = p.attribute(c.routes[0].node, "url") // what it is known by outside
	}
	return cty.ObjectVal(attributes)
}

func endpointURL(c *component, port string, host, number cty.Value) cty.Value {
	if !host.IsKnown() || !number.IsKnown() {
		return cty.UnknownVal(cty.String)
	}
	scheme := "http"
	for _, service := range slices.Sorted(maps.Keys(c.recipe.Provides)) {
		if p := c.recipe.Provides[service]; p.Port == port && p.Scheme != "" {
			scheme = p.Scheme
		}
	}
	return cty.StringVal(fmt.Sprintf("%s://%s:%s", scheme, host.AsString(), number.AsBigFloat().Text('f', -1)))
}
