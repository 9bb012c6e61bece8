package state

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/function"
)

// Decode reads a value of type ty. Sensitive leaves come back marked; a secret that open does not know is an error,
// for the vault is then older than what refers to it. With a nil open they come back unknown and marked. Attributes
// that ty does not have are left out.
func Decode(encoded Encoded, ty cty.Type, open Open) (cty.Value, error) {
	if len(encoded) == 0 {
		return cty.NullVal(ty), nil
	}
	d := decoder{scanner: scanner{text: encoded}, open: open}
	v, err := d.value(ty)
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return cty.NilVal, fmt.Errorf("cannot read a kept value: %w", err)
	}
	return v, nil
}

// DecodeAsFar reads an object as Decode does, of a type that may have changed since it was written. Attributes that are written in
// another way than their type has it now are null, and listed, sorted. What is damaged is an error, as in Decode.
func DecodeAsFar(encoded Encoded, ty cty.Type, open Open) (v cty.Value, other []string, err error) {
	if v, err = Decode(encoded, ty, open); err == nil || !ty.IsObjectType() {
		return v, nil, err
	}
	var parts map[string]Encoded
	if json.Unmarshal(encoded, &parts) != nil {
		return cty.NilVal, nil, err
	}
	values := map[string]cty.Value{}
	for name, t := range ty.AttributeTypes() {
		part, misfit := Decode(parts[name], t, open)
		if misfit != nil {
			if _, damaged := Decode(parts[name], cty.DynamicPseudoType, open); damaged != nil {
				return cty.NilVal, nil, damaged
			}
			part, other = cty.NullVal(t), append(other, name)
		}
		values[name] = part
	}
	slices.Sort(other)
	return cty.ObjectVal(values), other, nil
}

// decoder makes cty values as it reads: a state has many values, and trees of maps in between would cost more than
// everything else.
type decoder struct {
	scanner
	open Open
}

func (d *decoder) value(ty cty.Type) (cty.Value, error) {
	switch c := d.next(); c {
	case 'n':
		return cty.NullVal(ty), d.word("null")
	case 't':
		return d.bool(true, "true", ty)
	case 'f':
		return d.bool(false, "false", ty)
	case '"':
		text, err := d.str()
		if err != nil {
			return cty.NilVal, err
		}
		return leaf(cty.StringVal(text), ty)
	case '{':
		return d.braces(ty)
	case '[':
		return d.sequence(ty)
	default:
		return d.number(ty)
	}
}

func (d *decoder) bool(b bool, word string, ty cty.Type) (cty.Value, error) {
	if err := d.word(word); err != nil {
		return cty.NilVal, err
	}
	return leaf(cty.BoolVal(b), ty)
}

func (d *decoder) number(ty cty.Type) (cty.Value, error) {
	text, small, err := d.digits()
	if err != nil {
		return cty.NilVal, err
	}
	if text == "" {
		return leaf(cty.NumberIntVal(small), ty)
	}
	f, _, err := big.ParseFloat(text, 10, 512, big.ToNearestEven)
	if err != nil {
		return cty.NilVal, err
	}
	if f.Sign() == 0 {
		return leaf(cty.Zero, ty) // there is no negative zero
	}
	return leaf(cty.NumberVal(f), ty)
}

// leaf fits what stands in the text to the type that is expected there.
func leaf(v cty.Value, ty cty.Type) (cty.Value, error) {
	if v.Type() == ty || ty == cty.DynamicPseudoType {
		return v, nil
	}
	if !ty.IsPrimitiveType() {
		return cty.NilVal, fmt.Errorf("it is a %s and not a %s", v.Type().FriendlyName(), ty.FriendlyName())
	}
	return convert.Convert(v, ty)
}

// braces reads an object or a map, or what stands for a secret or something unknown.
func (d *decoder) braces(ty cty.Type) (cty.Value, error) {
	d.pos++
	if d.next() == '}' {
		d.pos++
		return d.collect(nil, ty)
	}
	key, err := d.key()
	if err != nil {
		return cty.NilVal, err
	}
	switch key {
	case "$secret":
		return d.secret(ty)
	case "$unknown":
		return d.unknown(ty)
	}
	values := map[string]cty.Value{}
	if ty.IsObjectType() {
		values = make(map[string]cty.Value, len(ty.AttributeTypes()))
	}
	for {
		if err := d.member(key, ty, values); err != nil {
			return cty.NilVal, fmt.Errorf("%s: %w", key, err)
		}
		more, err := d.more('}')
		if err != nil {
			return cty.NilVal, err
		}
		if !more {
			return d.collect(values, ty)
		}
		if key, err = d.key(); err != nil {
			return cty.NilVal, err
		}
	}
}

// member reads the value that key has in an object or map of type ty.
func (d *decoder) member(key string, ty cty.Type, values map[string]cty.Value) error {
	inner, wanted := cty.DynamicPseudoType, true
	switch {
	case ty.IsObjectType():
		if inner, wanted = ty.AttributeTypes()[key]; !wanted {
			inner = cty.DynamicPseudoType
		}
	case ty.IsMapType():
		inner, key = ty.ElementType(), unescape(key)
	default:
		key = unescape(key)
	}
	v, err := d.value(inner)
	if err == nil && wanted {
		values[key] = v
	}
	return err
}

func unescape(name string) string {
	if len(name) > 1 && name[:2] == "$$" {
		return name[1:]
	}
	return name
}

// collect makes a value of what was read between braces.
func (d *decoder) collect(values map[string]cty.Value, ty cty.Type) (cty.Value, error) {
	switch {
	case ty.IsObjectType():
		types := ty.AttributeTypes()
		if values == nil {
			values = make(map[string]cty.Value, len(types))
		}
		if len(values) < len(types) {
			for name, t := range types {
				if _, ok := values[name]; !ok {
					values[name] = cty.NullVal(t)
				}
			}
		}
		return cty.ObjectVal(values), nil
	case ty.IsMapType() && len(values) == 0:
		return cty.MapValEmpty(ty.ElementType()), nil
	case ty.IsMapType():
		return cty.MapVal(values), nil
	case ty == cty.DynamicPseudoType:
		return cty.ObjectVal(values), nil
	}
	return cty.NilVal, fmt.Errorf("it is an object and not a %s", ty.FriendlyName())
}

// secret reads the rest of {"$secret": "ID"}.
func (d *decoder) secret(ty cty.Type) (cty.Value, error) {
	d.next()
	id, err := d.str()
	if err == nil {
		err = d.last('}')
	}
	if err != nil {
		return cty.NilVal, err
	}
	if ty == cty.DynamicPseudoType {
		ty = cty.String
	}
	if d.open == nil {
		return cty.UnknownVal(ty).Mark(function.Sensitive), nil
	}
	clear, ok := d.open(id)
	if !ok {
		return cty.NilVal, fmt.Errorf("the vault does not know the secret %s: it is older than the state that refers to it", id)
	}
	v, err := convert.Convert(cty.StringVal(clear), ty)
	if err != nil {
		return cty.NilVal, fmt.Errorf("the secret %s is not a %s", id, ty.FriendlyName())
	}
	return v.Mark(function.Sensitive), nil
}

// unknown reads the rest of {"$unknown": true}.
func (d *decoder) unknown(ty cty.Type) (cty.Value, error) {
	how, err := d.value(cty.DynamicPseudoType)
	if err == nil {
		err = d.last('}')
	}
	if err != nil {
		return cty.NilVal, err
	}
	if how.RawEquals(cty.StringVal("sensitive")) {
		return cty.UnknownVal(ty).Mark(function.Sensitive), nil
	}
	return cty.UnknownVal(ty), nil
}

func (d *decoder) sequence(ty cty.Type) (cty.Value, error) {
	d.pos++
	var elements []cty.Value
	if d.next() == ']' {
		d.pos++
		return list(elements, ty)
	}
	for {
		t, err := elementType(ty, len(elements))
		if err != nil {
			return cty.NilVal, err
		}
		v, err := d.value(t)
		if err != nil {
			return cty.NilVal, fmt.Errorf("element %d: %w", len(elements), err)
		}
		elements = append(elements, v)
		if more, err := d.more(']'); err != nil {
			return cty.NilVal, err
		} else if !more {
			return list(elements, ty)
		}
	}
}

// elementType is the type of the element at that place of a sequence of type ty.
func elementType(ty cty.Type, at int) (cty.Type, error) {
	switch {
	case ty.IsTupleType() && at < ty.Length():
		return ty.TupleElementType(at), nil
	case ty.IsTupleType():
		return cty.NilType, fmt.Errorf("a tuple has too many elements")
	case ty.IsListType(), ty.IsSetType():
		return ty.ElementType(), nil
	case ty == cty.DynamicPseudoType:
		return ty, nil
	}
	return cty.NilType, fmt.Errorf("it is a list and not a %s", ty.FriendlyName())
}

func list(elements []cty.Value, ty cty.Type) (cty.Value, error) {
	if _, err := elementType(ty, 0); err != nil && len(elements) == 0 && !ty.IsTupleType() {
		return cty.NilVal, err
	}
	switch {
	case ty.IsTupleType(), ty == cty.DynamicPseudoType:
		return cty.TupleVal(elements), nil
	case ty.IsSetType() && len(elements) == 0:
		return cty.SetValEmpty(ty.ElementType()), nil
	case ty.IsSetType():
		return cty.SetVal(elements), nil
	case len(elements) == 0:
		return cty.ListValEmpty(ty.ElementType()), nil
	}
	return cty.ListVal(elements), nil
}
