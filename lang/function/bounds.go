package function

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// The bounds of what a call may make or work through: a recipe is foreign text, and one short line must not take all
// memory. They are far above what software needs for its configuration.
const (
	maxText     = 1 << 20 // bytes of text that a call makes
	maxElements = 100_000 // elements that a call makes
	// maxTuple bounds what makes long tuples: cty needs time that grows with the square of their length to use one as
	// a list.
	maxTuple = 10_000
)

// bounded is f behind a check of its arguments. The check sees known and unknown, null and unmarked values.
func bounded(f function.Function, check func(args []cty.Value) error) function.Function {
	return function.New(&function.Spec{
		Description: f.Description(),
		Params:      f.Params(),
		VarParam:    f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if err := check(args); err != nil {
				return cty.NilType, err
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	})
}

func checkText(size int) error {
	if size > maxText {
		return fmt.Errorf("the result would have more than %d KiB", maxText>>10)
	}
	return nil
}

// text is a known string; "" for anything else.
func text(v cty.Value) string {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// count is the number of elements of a known collection; 0 for anything else.
func count(v cty.Value) int {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return 0
	}
	return v.LengthInt()
}

func shortTexts(args []cty.Value) error {
	const most = 1000
	for _, a := range args {
		if len(text(a)) > most {
			return fmt.Errorf("a number may have at most %d digits", most)
		}
	}
	return nil
}

// concatSize bounds concat(lists...).
func concatSize(args []cty.Value) error {
	n := 0
	for _, a := range args {
		if n += count(a); n > maxTuple {
			return fmt.Errorf("the result would have more than %d elements", maxTuple)
		}
	}
	return nil
}

// flatSize bounds flatten(list).
func flatSize(args []cty.Value) error {
	n := 0
	for _, a := range args {
		if n = flatCount(a, n); n > maxTuple {
			return fmt.Errorf("the result would have more than %d elements", maxTuple)
		}
	}
	return nil
}

// flatCount adds the elements of a value, those of its lists included, to n; it stops when there are too many.
func flatCount(v cty.Value, n int) int {
	v, _ = v.Unmark()
	t := v.Type()
	if v.IsNull() || !v.IsKnown() || !t.IsListType() && !t.IsSetType() && !t.IsTupleType() {
		return n + 1
	}
	for it := v.ElementIterator(); it.Next() && n <= maxTuple; {
		_, inner := it.Element()
		n = flatCount(inner, n)
	}
	return n
}

func productSize(args []cty.Value) error {
	n := 1
	for _, a := range args {
		if c := count(a); c > 0 {
			n *= c
		}
		if n > maxElements {
			return fmt.Errorf("the result would have more than %d elements", maxElements)
		}
	}
	return nil
}

// joinSize bounds join(separator, list...).
func joinSize(args []cty.Value) error {
	if len(args) == 0 {
		return nil
	}
	separator, size := len(text(args[0])), 0
	for _, list := range args[1:] {
		list, _ = list.Unmark()
		if count(list) == 0 {
			continue
		}
		for it := list.ElementIterator(); it.Next(); {
			_, v := it.Element()
			size += separator + len(text(v))
			if err := checkText(size); err != nil {
				return err
			}
		}
	}
	return nil
}

// indentSize bounds indent(spaces, text).
func indentSize(args []cty.Value) error {
	if len(args) != 2 {
		return nil
	}
	n, _ := args[0].Unmark()
	if n.IsNull() || !n.IsKnown() || n.Type() != cty.Number {
		return nil
	}
	spaces, _ := n.AsBigFloat().Float64()
	if spaces > 1000 {
		return fmt.Errorf("at most 1000 spaces can be put before a line")
	}
	s := text(args[1])
	return checkText(len(s) + int(spaces)*(strings.Count(s, "\n")+1))
}

// formatSize bounds the widths and precisions of a format, each and all together.
func formatSize(args []cty.Value) error {
	if len(args) == 0 {
		return nil
	}
	calls := 1
	for _, a := range args[1:] {
		calls = max(calls, count(a))
	}
	size, number, directive := 0, 0, false
	for _, c := range text(args[0]) {
		switch {
		case c == '%':
			directive = !directive
			number = 0
		case directive && c >= '0' && c <= '9':
			number = number*10 + int(c-'0')
			if number > 10_000 {
				return fmt.Errorf("a width or precision may be at most 10000")
			}
			continue
		case directive && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'):
			directive = false
		}
		size += number
		number = 0
		if size > maxText/calls {
			return checkText(maxText + 1)
		}
	}
	return nil
}
