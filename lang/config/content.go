package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// content decodes a body by a schema. It never returns nil, and drops blocks with labels missing.
func (l *loader) content(body hcl.Body, schema *hcl.BodySchema) *hcl.BodyContent {
	c, diags := body.Content(schema)
	for _, d := range diags {
		l.diags = append(l.diags, suggested(d, schema))
	}
	return c
}

// suggested adds "did you mean" where hcl found nothing near, with all names of the schema in view: an attribute may
// be meant where a block is written.
func suggested(d *hcl.Diagnostic, schema *hcl.BodySchema) *hcl.Diagnostic {
	if strings.Contains(d.Detail, "Did you mean") || !strings.HasPrefix(d.Summary, "Unsupported") {
		return d
	}
	_, rest, ok := strings.Cut(d.Detail, `"`)
	name, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed {
		return d
	}
	var names []string
	for _, a := range schema.Attributes {
		names = append(names, a.Name)
	}
	for _, b := range schema.Blocks {
		names = append(names, b.Type)
	}
	c := *d
	if hint := didYouMean(name, names); hint != "" {
		c.Detail += hint
	} else if len(names) > 0 && len(names) < 20 {
		c.Detail += " There may be " + strings.Join(names, ", ") + "."
	}
	return &c
}

// attributes is a schema of optional attributes.
func attributes(names ...string) *hcl.BodySchema {
	s := &hcl.BodySchema{}
	for _, n := range names {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: n})
	}
	return s
}

// locals adds the attributes of one locals block to all.
func (l *loader) locals(b *hcl.Block, all map[string]*Local) {
	attrs, diags := b.Body.JustAttributes()
	l.diags = append(l.diags, diags...)
	for _, a := range ordered(attrs) {
		if first := all[a.Name]; first != nil {
			l.duplicate("local", first.Range, a.NameRange)
			continue
		}
		all[a.Name] = &Local{Name: a.Name, Expr: a.Expr, Range: a.NameRange}
	}
}
