package terraform

import "github.com/zclconf/go-cty/cty"

// proposal is what a provider is asked to plan for: the configuration, and where that leaves something to the provider what
// it has set before. prior is null for something new.
func (b *block) proposal(prior, config cty.Value) cty.Value {
	if config.IsNull() || !config.IsKnown() {
		return config
	}
	parts := make(map[string]cty.Value, len(b.attributes)+len(b.blocks))
	before := func(name string, ty cty.Type) cty.Value {
		if prior == cty.NilVal || prior.IsNull() || !prior.IsKnown() {
			return cty.NullVal(ty)
		}
		return prior.GetAttr(name)
	}
	for name, a := range b.attributes {
		parts[name] = a.proposal(before(name, a.ty), config.GetAttr(name))
	}
	for name, n := range b.blocks {
		parts[name] = n.nesting.merged(before(name, n.nesting.of(n.object())), config.GetAttr(name), &n.block)
	}
	return cty.ObjectVal(parts)
}

func (a *attribute) proposal(prior, config cty.Value) cty.Value {
	switch {
	case config.IsNull() && a.computed:
		return prior
	case a.object == nil || config.IsNull():
		return config
	}
	return a.nesting.merged(prior, config, a.object)
}

// merged proposes each of the objects in config by the one of prior that it comes from: the same place of a list, the same
// key, and of a set one that differs in nothing that the configuration sets.
func (n nesting) merged(prior, config cty.Value, b *block) cty.Value {
	if config.IsNull() || !config.IsKnown() {
		return config
	}
	none := cty.NullVal(b.object())
	if n == one || n == group {
		if prior.IsNull() || !prior.IsKnown() {
			prior = none
		}
		return b.proposal(prior, config)
	}
	if config.LengthInt() == 0 {
		return config
	}
	has := !prior.IsNull() && prior.IsKnown() && prior.LengthInt() > 0
	if n == named {
		parts, old := config.AsValueMap(), map[string]cty.Value{}
		if has {
			old = prior.AsValueMap()
		}
		for key, o := range parts {
			from, ok := old[key]
			if !ok {
				from = none
			}
			parts[key] = b.proposal(from, o)
		}
		return cty.MapVal(parts)
	}
	parts, old := config.AsValueSlice(), []cty.Value(nil)
	if has {
		old = prior.AsValueSlice()
	}
	for i, o := range parts {
		from := none
		if n == set {
			from, old = b.take(old, o)
		} else if i < len(old) {
			from = old[i]
		}
		parts[i] = b.proposal(from, o)
	}
	if n == set {
		return cty.SetVal(parts)
	}
	return cty.ListVal(parts)
}

// take finds the object of old that config may stand for, and returns the others too; null if there is none.
func (b *block) take(old []cty.Value, config cty.Value) (cty.Value, []cty.Value) {
	for i, o := range old {
		if b.proposal(o, config).RawEquals(o) {
			rest := append([]cty.Value{}, old[:i]...)
			return o, append(rest, old[i+1:]...)
		}
	}
	return cty.NullVal(b.object()), old
}
