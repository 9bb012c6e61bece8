package eval

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/lang/function"
	"github.com/nsynapse/recipe/providers/sdk"
)

// configurationOf finds who configures a provider for a recipe: the recipe itself, or the stack; nil for nobody.
func configurationOf(name string, s *config.Stack, r *config.Recipe) (p *config.Provider, ofStack bool) {
	if own := r.Providers[name]; own != nil && own.Configured {
		return own, false
	}
	return s.Providers[name], true
}

// configuration is the configuration of a provider for a recipe, as sdk.ProviderAttribute has it. ctx is what the recipe's
// expressions see.
func (p *Pass) configuration(c *sdk.Configured, r *config.Recipe, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	by, ofStack := configurationOf(c.Provider, p.graph.in.Stack, r)
	var settings hcl.Attributes
	at := r.NameRange
	if by != nil {
		settings, at = by.Config, by.Range
	}
	if ofStack {
		var diags hcl.Diagnostics
		if ctx, diags = p.graph.scope.context(nil, nil, exprsOf(settings)...); diags.HasErrors() {
			return cty.NilVal, diags
		}
	}
	values, diags := evaluate(settings, ctx)
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	err := unfold(c.Schema, settings, values)
	var v cty.Value
	if err == nil {
		v, err = conform(c.Schema, values)
	}
	if err != nil {
		return cty.NilVal, append(diags, p.misfit(err, settings, at)...)
	}
	sealed, err := sealable(v)
	if err != nil {
		return cty.NilVal, append(diags, fail(at, "Value does not fit", "The configuration of %s: %s.", c.Provider, err)...)
	}
	return sealed, diags
}

func exprsOf(attributes hcl.Attributes) []hcl.Expression {
	var all []hcl.Expression
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		all = append(all, attributes[name].Expr)
	}
	return all
}

// sealable is a configuration as JSON, followed by each secret in it.
func sealable(v cty.Value) (cty.Value, error) {
	if !v.IsWhollyKnown() {
		return cty.UnknownVal(cty.List(cty.String)).Mark(function.Sensitive), nil
	}
	secrets := map[string]bool{}
	collect(v, false, secrets)
	plain, _ := v.UnmarkDeep()
	text, err := ctyjson.Marshal(plain, plain.Type())
	if err != nil {
		return cty.NilVal, err
	}
	parts := []cty.Value{cty.StringVal(string(text))}
	for _, secret := range slices.Sorted(maps.Keys(secrets)) {
		parts = append(parts, cty.StringVal(secret))
	}
	return cty.ListVal(parts).Mark(function.Sensitive), nil
}

// collect gathers the texts and numbers in v, which is known, that are sensitive.
func collect(v cty.Value, sensitive bool, into map[string]bool) {
	sensitive = sensitive || v.HasMark(function.Sensitive)
	v, _ = v.Unmark()
	switch {
	case v.IsNull():
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next(); {
			_, part := it.Element()
			collect(part, sensitive, into)
		}
	case sensitive && (v.Type() == cty.String || v.Type() == cty.Number):
		text, _ := convert.Convert(v, cty.String) // both can be
		into[text.AsString()] = true
	}
}

// checkProvider holds the configuration of a provider against what it takes, once for each place where one is written.
func (b *builder) checkProvider(c *sdk.Configured, r *recipe) {
	by, _ := configurationOf(c.Provider, b.in.Stack, r.Recipe)
	if by == nil || b.configured[by] {
		return
	}
	b.configured[by] = true
	b.checkArguments("the configuration of "+c.Provider, "", c.Schema, by.Config, by.Range)
}
