package function

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// param is a parameter of type string.
func param(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.String}
}

// predicate is a function of two strings that gives a bool.
func predicate(description, second string, test func(s, part string) bool) function.Function {
	return function.New(&function.Spec{
		Description: description,
		Params:      []function.Parameter{param("text"), param(second)},
		Type:        function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

func startsWith() function.Function {
	return predicate("Whether the text begins with the prefix.", "prefix", strings.HasPrefix)
}

func endsWith() function.Function {
	return predicate("Whether the text ends with the suffix.", "suffix", strings.HasSuffix)
}

func contains() function.Function {
	return predicate("Whether the part stands in the text.", "part", strings.Contains)
}

// replace replaces all occurrences; a pattern between slashes is a regular expression, whose groups the replacement
// names as $1 or $name.
func replace() function.Function {
	return function.New(&function.Spec{
		Description: "Replaces each occurrence of a part, or of a /regular expression/, in the text.",
		Params:      []function.Parameter{param("text"), param("part"), param("replacement")},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			s, part, with := args[0].AsString(), args[1].AsString(), args[2].AsString()
			if len(part) > 1 && part[0] == '/' && part[len(part)-1] == '/' {
				return replaceRegexp(s, part[1:len(part)-1], with)
			}
			if err := checkText(len(s) + strings.Count(s, part)*len(with)); err != nil {
				return cty.NilVal, function.NewArgError(2, err)
			}
			return cty.StringVal(strings.ReplaceAll(s, part, with)), nil
		},
	})
}

func replaceRegexp(s, pattern, with string) (cty.Value, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return cty.NilVal, function.NewArgErrorf(1, "this is not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	var out []byte
	last := 0
	for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
		out = append(out, s[last:m[0]]...)
		// Each $ of the replacement brings at most the whole match.
		if err := checkText(len(out) + len(with) + strings.Count(with, "$")*(m[1]-m[0])); err != nil {
			return cty.NilVal, function.NewArgError(2, err)
		}
		out = re.ExpandString(out, with, s, m)
		last = m[1]
	}
	if err := checkText(len(out) + len(s) - last); err != nil {
		return cty.NilVal, fmt.Errorf("cannot replace: %w", err)
	}
	return cty.StringVal(string(out) + s[last:]), nil
}
