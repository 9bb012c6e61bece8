package wire

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
)

// Bounds of a value. A value in memory is many times as large as its text: a list of digits grows a hundredfold.
const (
	maxParts  = 100_000
	maxDepth  = 64   // lists, maps and objects in each other
	maxDigits = 512  // characters of a number; reading one takes time by the square of that
	maxBits   = 4096 // the binary exponent of a number: 1e999999999 is short, and a gigabyte when written out
)

// measure refuses JSON that would cost much more than its length to read. What is no JSON at all may pass: its reader says
// so better.
func measure(text []byte) error {
	parts, depth := 0, 0
	for i := 0; i < len(text); i++ {
		begin := i
		switch c := text[i]; {
		case c == '"':
			i = afterString(text, i)
			begin++ // a number may be written as a string too
		case numeric(c):
			for i+1 < len(text) && numeric(text[i+1]) {
				i++
			}
		case c == '[' || c == '{':
			depth++
			parts++
		case c == ']' || c == '}':
			depth--
		case c == ',':
			parts++
		}
		switch {
		case parts > maxParts:
			return fmt.Errorf("has more than %d parts", maxParts)
		case depth > maxDepth:
			return fmt.Errorf("is nested more than %d deep", maxDepth)
		case i-begin > maxDigits && allNumeric(text[begin:i]):
			return fmt.Errorf("has a number of more than %d characters", maxDigits)
		}
	}
	return nil
}

// afterString is the index of the quote that ends the string which begins at i, or the end of the text.
func afterString(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}

// numeric reports whether numbers are written with c. No word of JSON begins so.
func numeric(c byte) bool {
	return c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'
}

func allNumeric(text []byte) bool {
	for _, c := range text {
		if !numeric(c) {
			return false
		}
	}
	return true
}

// finite refuses numbers that are short and huge.
func finite(v cty.Value) error {
	return cty.Walk(v, func(_ cty.Path, part cty.Value) (bool, error) {
		if part.Type() == cty.Number && !part.IsNull() {
			f := part.AsBigFloat()
			if bits := f.MantExp(nil); f.IsInf() || bits > maxBits || bits < -maxBits {
				return false, fmt.Errorf("has a number out of reach")
			}
		}
		return true, nil
	})
}
