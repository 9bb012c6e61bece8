package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

// Encode writes v. Every leaf below a Sensitive mark is sealed; sensitive numbers and booleans as their text. The error is that of seal,
// or tells of a value that JSON cannot hold: an infinite number.
func Encode(v cty.Value, seal Seal) (Encoded, error) {
	return Append(make([]byte, 0, 512), v, seal)
}

// Append writes v as Encode does, behind what is in out already, which it may write over after an error.
func Append(out []byte, v cty.Value, seal Seal) ([]byte, error) {
	e := encoder{seal: seal, out: out}
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
	switch {
	case v.Type() == cty.String:
		e.text(v.AsString())
	case v.Type() == cty.Bool:
		if v.True() {
			e.out = append(e.out, "true"...)
		} else {
			e.out = append(e.out, "false"...)
		}
	case function.IsInfinite(v):
		return errors.New("an infinite number cannot be kept")
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
