package apply

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/lang/function"
)

// redacted is an error of a provider without the secrets it was given: it goes into the journal and to the user, and
// may quote what a program wrote.
type redacted struct {
	err     error
	secrets []string // longest first
}

func (r redacted) Error() string {
	text := r.err.Error()
	for _, secret := range r.secrets {
		text = strings.ReplaceAll(text, secret, "(sensitive)")
	}
	return text
}

func (r redacted) Unwrap() error { return r.err }

// shortest is the length of a secret from which it is looked for: shorter ones would tear up innocent words.
const shortest = 4

// secretsOf lists the sensitive texts in values.
func secretsOf(values ...cty.Value) []string {
	var secrets []string
	var collect func(v cty.Value, sensitive bool)
	collect = func(v cty.Value, sensitive bool) {
		sensitive = sensitive || v.HasMark(function.Sensitive)
		v, _ = v.Unmark()
		switch {
		case v == cty.NilVal || v.IsNull() || !v.IsKnown():
		case v.Type() == cty.String:
			if sensitive && len(v.AsString()) >= shortest {
				secrets = append(secrets, v.AsString())
			}
		case v.CanIterateElements():
			for it := v.ElementIterator(); it.Next(); {
				_, element := it.Element()
				collect(element, sensitive)
			}
		}
	}
	for _, v := range values {
		if v != cty.NilVal {
			collect(v, false)
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(secrets)
}
