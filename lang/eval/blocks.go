package eval

import (
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/providers/sdk"
)

// unfold makes of the arguments that are written as blocks what their types are: a list or set of all, a map by the labels, or
// the one object.
func unfold(schema sdk.TypeSchema, written map[string]*hcl.Attribute, values map[string]cty.Value) error {
	for name, a := range written {
		if _, blocks := a.Expr.(*config.Blocks); !blocks {
			continue
		}
		v, err := unfolded(values[name], schema.Attributes[name].Type)
		if err != nil {
			return misfit{name, err}
		}
		values[name] = v
	}
	return nil
}

// unfolded turns v, which blocks were read into, and the blocks in it into what fits ty.
func unfolded(v cty.Value, ty cty.Type) (cty.Value, error) {
	if v.IsMarked() || !v.IsKnown() || v.IsNull() {
		return v, nil
	}
	switch from := v.Type(); {
	case from.IsTupleType() && ty.IsObjectType():
		if v.LengthInt() != 1 {
			return v, fmt.Errorf("there may be one such block only")
		}
		return unfolded(v.AsValueSlice()[0], ty)
	case from.IsTupleType() && (ty.IsListType() || ty.IsSetType()):
		parts := v.AsValueSlice()
		for i := range parts {
			var err error
			if parts[i], err = unfolded(parts[i], ty.ElementType()); err != nil {
				return v, err
			}
		}
		return cty.TupleVal(parts), nil
	case from.IsTupleType() && ty.IsMapType():
		return v, fmt.Errorf(`each such block needs a label, which is its key: NAME "KEY" { … }`)
	case from.IsObjectType() && (ty.IsObjectType() || ty.IsMapType()):
		parts := v.AsValueMap()
		for name, part := range parts {
			inner := cty.DynamicPseudoType
			if ty.IsMapType() {
				inner = ty.ElementType()
			} else if ty.HasAttribute(name) {
				inner = ty.AttributeType(name)
			}
			var err error
			if parts[name], err = unfolded(part, inner); err != nil {
				return v, fmt.Errorf("%s: %w", name, err)
			}
		}
		return cty.ObjectVal(parts), nil
	}
	return v, nil
}

// fit converts v to the type of an attribute. In a loose one objects may lack attributes; a name that is none of them is a
// mistake.
func fit(v cty.Value, a sdk.Attribute) (cty.Value, error) {
	if !a.Loose {
		converted, err := convert.Convert(v, a.Type)
		if err != nil && a.Type.IsListType() && v.Type() == cty.String {
			err = errors.New(`a list is needed, such as ["one", "two"], and this is one text`)
		}
		return converted, err
	}
	if err := surplus(v.Type(), a.Type); err != nil {
		return v, err
	}
	converted, err := convert.Convert(v, loose(a.Type))
	if err != nil {
		return v, err
	}
	return converted, nil
}

// loose is ty with all attributes of objects optional.
func loose(ty cty.Type) cty.Type {
	switch {
	case ty.IsListType():
		return cty.List(loose(ty.ElementType()))
	case ty.IsSetType():
		return cty.Set(loose(ty.ElementType()))
	case ty.IsMapType():
		return cty.Map(loose(ty.ElementType()))
	case ty.IsObjectType():
		types, names := map[string]cty.Type{}, []string{}
		for name, t := range ty.AttributeTypes() {
			types[name], names = loose(t), append(names, name)
		}
		return cty.ObjectWithOptionalAttrs(types, names)
	}
	return ty
}

// surplus finds an attribute in values of type from that ty does not have: a conversion would drop it.
func surplus(from, ty cty.Type) error {
	switch {
	case from.IsObjectType() && ty.IsObjectType():
		for name, t := range from.AttributeTypes() {
			if !ty.HasAttribute(name) {
				return fmt.Errorf("it has no attribute %q", name)
			}
			if err := surplus(t, ty.AttributeType(name)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	case from.IsObjectType() && ty.IsMapType():
		for name, t := range from.AttributeTypes() {
			if err := surplus(t, ty.ElementType()); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	case from.IsTupleType() && ty.IsCollectionType():
		for _, t := range from.TupleElementTypes() {
			if err := surplus(t, ty.ElementType()); err != nil {
				return err
			}
		}
	case from.IsCollectionType() && ty.IsCollectionType():
		return surplus(from.ElementType(), ty.ElementType())
	}
	return nil
}
