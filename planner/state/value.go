package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/function"
)

// Encoded is a value as JSON with two additions. Objects keep the attributes that are not null, maps all elements.
//
//	{"$secret": "ID"}   a sensitive string; the vault knows it under ID
//	{"$unknown": true}  not known before apply; "$unknown": "sensitive" if it will be sensitive
//
// Keys of maps that start with "$" are written with a second "$" before it. The bytes are the same for equal values.
type Encoded = json.RawMessage

// Seal puts clear strings away and returns the name of each; see vault.Vault.
type Seal func(clear string) (id string, err error)

// Open is the inverse of Seal; ok is false for a name it does not know.
type Open func(id string) (clear string, ok bool)

// Encode writes v. Every leaf below a Sensitive mark is sealed; sensitive numbers and booleans as their text.
func Encode(v cty.Value, seal Seal) (Encoded, error) {
	e := encoder{seal: seal}
	if err := e.value(v, false); err != nil {
		return nil, err
	}
	return e.out, nil
}

type encoder struct {
	out  []byte
	seal Seal
}

func (e *encoder) value(v cty.Value, sensitive bool) error {
	if v.IsMarked() {
		var marks cty.ValueMarks
		v, marks = v.Unmark()
		_, marked := marks[function.Sensitive]
		sensitive = sensitive || marked
	}
	switch {
	case v == cty.NilVal || v.IsNull():
		e.out = append(e.out, "null"...)
		return nil
	case !v.IsKnown():
		if sensitive {
			e.out = append(e.out, `{"$unknown":"sensitive"}`...)
		} else {
			e.out = append(e.out, `{"$unknown":true}`...)
		}
		return nil
	}
	switch ty := v.Type(); {
	case ty.IsPrimitiveType():
		return e.leaf(v, sensitive)
	case ty.IsObjectType():
		return e.object(v, sensitive)
	case ty.IsMapType():
		return e.mapping(v, sensitive)
	case ty.IsListType(), ty.IsTupleType(), ty.IsSetType():
		return e.sequence(v, sensitive)
	}
	return fmt.Errorf("internal error: a %s cannot be kept", v.Type().FriendlyName())
}

func (e *encoder) leaf(v cty.Value, sensitive bool) error {
	if sensitive {
		text, err := convert.Convert(v, cty.String)
		if err != nil {
			return err
		}
		id, err := e.seal(text.AsString())
		if err != nil {
			return err
		}
		e.out = append(e.out, `{"$secret":`...)
		e.text(id)
		e.out = append(e.out, '}')
		return nil
	}
	switch v.Type() {
	case cty.String:
		e.text(v.AsString())
	case cty.Bool:
		if v.True() {
			e.out = append(e.out, "true"...)
		} else {
			e.out = append(e.out, "false"...)
		}
	default:
		e.out = v.AsBigFloat().Append(e.out, 'f', -1)
	}
	return nil
}

// text writes a JSON string. The common case of plain ASCII is copied; the rest is left to encoding/json.
func (e *encoder) text(s string) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			_ = enc.Encode(s) // strings always encode
			e.out = append(e.out, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
			return
		}
	}
	e.out = append(e.out, '"')
	e.out = append(e.out, s...)
	e.out = append(e.out, '"')
}

func (e *encoder) object(v cty.Value, sensitive bool) error {
	types := v.Type().AttributeTypes()
	names := make([]string, 0, len(types))
	for name := range types {
		names = append(names, name)
	}
	slices.Sort(names)
	e.out = append(e.out, '{')
	first := true
	for _, name := range names {
		attribute := v.GetAttr(name)
		if inner, _ := attribute.Unmark(); inner.IsNull() {
			continue
		}
		if !first {
			e.out = append(e.out, ',')
		}
		first = false
		e.text(name)
		e.out = append(e.out, ':')
		if err := e.value(attribute, sensitive); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}

func (e *encoder) mapping(v cty.Value, sensitive bool) error {
	e.out = append(e.out, '{')
	for it, first := v.ElementIterator(), true; it.Next(); first = false {
		if !first {
			e.out = append(e.out, ',')
		}
		key, element := it.Element()
		name := key.AsString()
		if len(name) > 0 && name[0] == '$' {
			name = "$" + name
		}
		e.text(name)
		e.out = append(e.out, ':')
		if err := e.value(element, sensitive); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}

func (e *encoder) sequence(v cty.Value, sensitive bool) error {
	e.out = append(e.out, '[')
	for it, first := v.ElementIterator(), true; it.Next(); first = false {
		if !first {
			e.out = append(e.out, ',')
		}
		_, element := it.Element()
		if err := e.value(element, sensitive); err != nil {
			return err
		}
	}
	e.out = append(e.out, ']')
	return nil
}

// Decode reads a value of type ty. Sensitive leaves come back marked; a secret that open does not know is an error,
// for the vault is then older than what refers to it. With a nil open they come back unknown and marked.
func Decode(encoded Encoded, ty cty.Type, open Open) (cty.Value, error) {
	if len(encoded) == 0 || string(encoded) == "null" {
		return cty.NullVal(ty), nil
	}
	dec := json.NewDecoder(bytes.NewReader(encoded))
	dec.UseNumber()
	var raw any
	if err := dec.Decode(&raw); err != nil {
		return cty.NilVal, fmt.Errorf("cannot read a kept value: %w", err)
	}
	return decoder{open: open}.value(raw, ty)
}

type decoder struct{ open Open }

func (d decoder) value(raw any, ty cty.Type) (cty.Value, error) {
	if raw == nil {
		return cty.NullVal(ty), nil
	}
	if m, ok := raw.(map[string]any); ok && len(m) == 1 {
		if id, ok := m["$secret"].(string); ok {
			return d.secret(id, ty)
		}
		if how, ok := m["$unknown"]; ok {
			if how == "sensitive" {
				return cty.UnknownVal(ty).Mark(function.Sensitive), nil
			}
			return cty.UnknownVal(ty), nil
		}
	}
	switch {
	case ty.IsPrimitiveType():
		return leaf(raw, ty)
	case ty.IsObjectType():
		return d.object(raw, ty)
	case ty.IsMapType():
		return d.mapping(raw, ty)
	case ty.IsListType(), ty.IsSetType(), ty.IsTupleType():
		return d.sequence(raw, ty)
	case ty == cty.DynamicPseudoType:
		return d.dynamic(raw)
	}
	return cty.NilVal, fmt.Errorf("internal error: a %s cannot be kept", ty.FriendlyName())
}

func (d decoder) secret(id string, ty cty.Type) (cty.Value, error) {
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

func leaf(raw any, ty cty.Type) (cty.Value, error) {
	switch raw := raw.(type) {
	case string:
		return convert.Convert(cty.StringVal(raw), ty)
	case bool:
		return convert.Convert(cty.BoolVal(raw), ty)
	case json.Number:
		if n, err := raw.Int64(); err == nil {
			return convert.Convert(cty.NumberIntVal(n), ty)
		}
		f, _, err := big.ParseFloat(raw.String(), 10, 512, big.ToNearestEven)
		if err != nil {
			return cty.NilVal, err
		}
		return convert.Convert(cty.NumberVal(f), ty)
	}
	return cty.NilVal, fmt.Errorf("a kept value is not a %s", ty.FriendlyName())
}

func (d decoder) object(raw any, ty cty.Type) (cty.Value, error) {
	m, ok := raw.(map[string]any)
	if !ok {
		return cty.NilVal, fmt.Errorf("a kept value is not an object")
	}
	types := ty.AttributeTypes()
	attributes := make(map[string]cty.Value, len(types))
	for name, t := range types {
		v, err := d.value(m[name], t)
		if err != nil {
			return cty.NilVal, fmt.Errorf("%s: %w", name, err)
		}
		attributes[name] = v
	}
	return cty.ObjectVal(attributes), nil
}

func (d decoder) mapping(raw any, ty cty.Type) (cty.Value, error) {
	m, ok := raw.(map[string]any)
	if !ok {
		return cty.NilVal, fmt.Errorf("a kept value is not a map")
	}
	if len(m) == 0 {
		return cty.MapValEmpty(ty.ElementType()), nil
	}
	elements := make(map[string]cty.Value, len(m))
	for name, element := range m {
		v, err := d.value(element, ty.ElementType())
		if err != nil {
			return cty.NilVal, fmt.Errorf("%s: %w", name, err)
		}
		elements[unescape(name)] = v
	}
	return cty.MapVal(elements), nil
}

func unescape(name string) string {
	if len(name) > 1 && name[:2] == "$$" {
		return name[1:]
	}
	return name
}

func (d decoder) sequence(raw any, ty cty.Type) (cty.Value, error) {
	list, ok := raw.([]any)
	if !ok {
		return cty.NilVal, fmt.Errorf("a kept value is not a list")
	}
	elements := make([]cty.Value, len(list))
	for i, element := range list {
		var t cty.Type
		if ty.IsTupleType() {
			if i >= ty.Length() {
				return cty.NilVal, fmt.Errorf("a kept tuple has too many elements")
			}
			t = ty.TupleElementType(i)
		} else {
			t = ty.ElementType()
		}
		v, err := d.value(element, t)
		if err != nil {
			return cty.NilVal, fmt.Errorf("element %d: %w", i, err)
		}
		elements[i] = v
	}
	switch {
	case ty.IsTupleType():
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

// dynamic reads a value whose type was not declared: objects, tuples, strings, numbers, booleans.
func (d decoder) dynamic(raw any) (cty.Value, error) {
	switch raw := raw.(type) {
	case string:
		return leaf(raw, cty.String)
	case bool:
		return leaf(raw, cty.Bool)
	case json.Number:
		return leaf(raw, cty.Number)
	case []any:
		elements := make([]cty.Value, len(raw))
		for i := range raw {
			v, err := d.value(raw[i], cty.DynamicPseudoType)
			if err != nil {
				return cty.NilVal, err
			}
			elements[i] = v
		}
		return cty.TupleVal(elements), nil
	case map[string]any:
		attributes := make(map[string]cty.Value, len(raw))
		for name, element := range raw {
			v, err := d.value(element, cty.DynamicPseudoType)
			if err != nil {
				return cty.NilVal, err
			}
			attributes[unescape(name)] = v
		}
		return cty.ObjectVal(attributes), nil
	}
	return cty.NilVal, fmt.Errorf("internal error: %T in a kept value", raw)
}

// Secrets lists the names of the secrets that an encoded value refers to.
func Secrets(encoded Encoded) []string {
	if !bytes.Contains(encoded, []byte(`"$secret"`)) {
		return nil
	}
	var raw any
	if err := json.Unmarshal(encoded, &raw); err != nil {
		return nil
	}
	var names []string
	var collect func(any)
	collect = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if id, ok := v["$secret"].(string); ok && len(v) == 1 {
				names = append(names, id)
				return
			}
			for _, inner := range v {
				collect(inner)
			}
		case []any:
			for _, inner := range v {
				collect(inner)
			}
		}
	}
	collect(raw)
	return names
}
