package terraform

import "github.com/zclconf/go-cty/cty"

// normal is v, a value of the block, as Terraform writes a configuration: null where only the provider sets something, and
// blocks that nobody has written empty. It may be partly unknown.
func (b *block) normal(v cty.Value) cty.Value {
	return b.rewrite(v, func(a *attribute, v cty.Value) cty.Value {
		if a.computed && !a.optional {
			return cty.NullVal(a.ty)
		}
		return v
	})
}

// kept is v, a value of the block, as Terraform keeps it: without what is write-only.
func (b *block) kept(v cty.Value) cty.Value {
	return b.rewrite(v, func(a *attribute, v cty.Value) cty.Value {
		if a.writeOnly {
			return cty.NullVal(a.ty)
		}
		return v
	})
}

// open is v, a configuration, with everything unknown that the provider may set.
func (b *block) open(v cty.Value) cty.Value {
	return b.rewrite(v, func(a *attribute, v cty.Value) cty.Value {
		if a.computed && v.IsKnown() && v.IsNull() {
			return cty.UnknownVal(a.ty)
		}
		return v
	})
}

// settled is v with null for what is unknown, as it is kept of a change that failed.
func settled(v cty.Value) cty.Value {
	v, _ = cty.Transform(v, func(_ cty.Path, part cty.Value) (cty.Value, error) {
		if !part.IsKnown() {
			return cty.NullVal(part.Type()), nil
		}
		return part, nil
	})
	return v
}

// rewrite changes the attributes of v, those in blocks and nested objects too, from the inside out. What v lacks of blocks
// becomes empty; an unknown object stays so.
func (b *block) rewrite(v cty.Value, change func(*attribute, cty.Value) cty.Value) cty.Value {
	if !v.IsKnown() {
		return cty.UnknownVal(b.object())
	}
	get := func(name string, ty cty.Type) cty.Value {
		if v.IsNull() || !v.Type().HasAttribute(name) {
			return cty.NullVal(ty)
		}
		return v.GetAttr(name)
	}
	parts := make(map[string]cty.Value, len(b.attributes)+len(b.blocks))
	for name, a := range b.attributes {
		part := get(name, a.ty)
		if a.object != nil {
			part = a.nesting.each(part, a.object.object(), func(o cty.Value) cty.Value { return a.object.rewrite(o, change) })
		}
		parts[name] = change(a, part)
	}
	for name, n := range b.blocks {
		ty := n.object()
		part := get(name, n.nesting.of(ty))
		switch {
		case part.IsNull() && n.nesting == group:
			part = n.rewrite(cty.NullVal(ty), change)
		case part.IsNull():
			part = n.absent()
		default:
			part = n.nesting.each(part, ty, func(o cty.Value) cty.Value { return n.rewrite(o, change) })
		}
		parts[name] = part
	}
	return cty.ObjectVal(parts)
}

// each changes all objects in v, which holds them as n says; ty is the type of one. Null and unknown stay.
func (n nesting) each(v cty.Value, ty cty.Type, change func(cty.Value) cty.Value) cty.Value {
	if v.IsNull() || !v.IsKnown() {
		return v
	}
	in := func(o cty.Value) cty.Value {
		if o.IsNull() {
			return o
		}
		return change(o)
	}
	if n == one || n == group {
		return in(v)
	}
	if v.LengthInt() == 0 {
		return v
	}
	if n == named {
		parts := v.AsValueMap()
		for key, o := range parts {
			parts[key] = in(o)
		}
		return cty.MapVal(parts)
	}
	parts := v.AsValueSlice()
	for i := range parts {
		parts[i] = in(parts[i])
	}
	if n == set {
		return cty.SetVal(parts)
	}
	return cty.ListVal(parts)
}
