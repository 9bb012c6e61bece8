package state

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/nsynapse/recipe/lang/function"
)

// A secret is looked for from these lengths on: shorter ones would tear up innocent words. Of its lines those are that are
// longer still, since a sensitive file has many that are nobody's secret.
const (
	shortestSecret = 4
	shortestLine   = 8
)

// Redact returns text without what is sensitive in values: it comes from a provider that was given them in clear, and may
// quote what a program wrote.
func Redact(text string, values ...cty.Value) string {
	for _, quotation := range quotations(values) {
		text = strings.ReplaceAll(text, quotation, "(sensitive)")
	}
	return text
}

// quotations are the ways in which what is sensitive in values may be quoted, the longest first.
func quotations(values []cty.Value) []string {
	var all []string
	for _, v := range values {
		if v != cty.NilVal {
			eachSecret(v, false, func(secret string) { all = append(all, quotationsOf(secret)...) })
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(all)
}

// eachSecret calls do for each sensitive text or number in v.
func eachSecret(v cty.Value, sensitive bool, do func(secret string)) {
	sensitive = sensitive || v.HasMark(function.Sensitive)
	v, _ = v.Unmark()
	switch {
	case v.IsNull() || !v.IsKnown():
	case v.Type() == cty.String || v.Type() == cty.Number:
		if sensitive {
			text, _ := convert.Convert(v, cty.String) // both can be
			do(text.AsString())
		}
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next(); {
			_, element := it.Element()
			eachSecret(element, sensitive, do)
		}
	}
}

// quotationsOf are the ways to quote one secret: as it is, by single lines where output is told line by line, and as Go
// and URLs write texts.
func quotationsOf(secret string) []string {
	parts := []string{secret, strings.TrimSpace(secret)}
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); len(line) >= shortestLine {
			parts = append(parts, line)
		}
	}
	var all []string
	for _, part := range parts {
		if len(part) >= shortestSecret {
			quoted := strconv.Quote(part)
			all = append(all, part, quoted[1:len(quoted)-1], url.QueryEscape(part), url.PathEscape(part))
		}
	}
	return all
}
