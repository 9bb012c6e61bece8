package state

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/function"
)

func secret(text string) cty.Value { return cty.StringVal(text).Mark(function.Sensitive) }

func TestRedact(t *testing.T) {
	key := "first-line-of-it\nsecond-line-of-it\n"
	odd := `a "quoted" p&ss/word`
	values := cty.ObjectVal(map[string]cty.Value{
		"key": secret(key), "odd": secret(odd), "pin": cty.NumberIntVal(123456).Mark(function.Sensitive),
		"in": cty.ListVal([]cty.Value{cty.StringVal("deep-inside")}).Mark(function.Sensitive), "open": cty.StringVal("open-text"), "bit": secret("on"),
	})
	for name, text := range map[string]string{
		"whole":          "it said " + key,
		"line by line":   "it said:\n  first-line-of-it\n  second-line-of-it",
		"its end":        "…\nsecond-line-of-it",
		"quoted":         fmt.Sprintf("bad value %q", odd),
		"in a query":     "GET /?p=" + url.QueryEscape(odd),
		"in a path":      "GET /" + url.PathEscape(odd),
		"a number":       "no door has 123456",
		"in a list":      "deep-inside it",
		"without an end": "it said " + strings.TrimSpace(key) + "!",
	} {
		got := Redact(text, values, cty.NilVal)
		for _, left := range []string{"first-line", "second-line", "quoted", "word", "123456", "deep-inside"} {
			if strings.Contains(got, left) {
				t.Errorf("%s: %q is left in %q", name, left, got)
			}
		}
		if !strings.Contains(got, "(sensitive)") {
			t.Errorf("%s: %q does not say that something is missing", name, got)
		}
	}
	if text := "open-text is on"; Redact(text, values) != text {
		t.Errorf("innocent words are torn up: %q", Redact(text, values))
	}
}
