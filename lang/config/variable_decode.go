package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// variable reads a variable of a stack or an input of a recipe; what says which.
func (l *loader) variable(b *hcl.Block, what string, all map[string]*Variable) {
	name := b.Labels[0]
	if first := all[name]; first != nil {
		l.duplicate(what, first.Range, b.DefRange)
		return
	}
	article := "a "
	if what == "input" {
		article = "an "
	}
	l.identifier(article+what, name, b.LabelRanges[0])
	schema := attributes("type", "default", "description", "sensitive", "nullable")
	schema.Blocks = []hcl.BlockHeaderSchema{{Type: "validation"}}
	c := l.content(b.Body, schema)
	v := &Variable{
		Name:        name,
		Description: l.text(c.Attributes["description"]),
		Sensitive:   l.boolean(c.Attributes["sensitive"]),
		Nullable:    true,
		Range:       b.DefRange,
	}
	if a := c.Attributes["nullable"]; a != nil {
		v.Nullable = l.boolean(a)
	}
	v.Type, v.Defaults = l.typeOf(c.Attributes["type"])
	l.defaultOf(v, c.Attributes["default"])
	for _, rule := range c.Blocks {
		l.validation(v, rule)
	}
	all[name] = v
}

func (l *loader) defaultOf(v *Variable, a *hcl.Attribute) {
	if a == nil {
		return
	}
	value, diags := a.Expr.Value(nil)
	if diags.HasErrors() {
		l.fault(a.Expr.Range().Ptr(), "Fixed value needed", "The default of %q must be written out: variables and functions cannot be used here. Use a local for what depends on others.", v.Name)
		return
	}
	if v.Defaults != nil && !value.IsNull() {
		value = v.Defaults.Apply(value)
	}
	if value.IsNull() && !v.Nullable {
		l.fault(a.Expr.Range().Ptr(), "Wrong default", "%q is not nullable, so its default cannot be null.", v.Name)
		return
	}
	converted, err := convert.Convert(value, v.Type)
	if err != nil {
		l.fault(a.Expr.Range().Ptr(), "Wrong default", "The default of %q does not have its type: %s.", v.Name, err)
		return
	}
	if converted == cty.NilVal {
		return
	}
	v.Default = converted
}

func (l *loader) validation(v *Variable, b *hcl.Block) {
	c := l.content(b.Body, &hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "condition", Required: true}, {Name: "error_message", Required: true},
	}})
	condition, message := c.Attributes["condition"], c.Attributes["error_message"]
	if condition == nil || message == nil {
		return
	}
	v.Validations = append(v.Validations, &Validation{Condition: condition.Expr, ErrorMessage: message.Expr, Range: b.DefRange})
}
