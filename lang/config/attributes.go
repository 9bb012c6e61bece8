package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/gocty"

	"github.com/nsynapse/recipe/planner/semver"
)

// The functions here read attributes that must be known without evaluating anything. Each takes nil for an attribute
// that is not there and returns the zero value then, and after a mistake, which it reports.

func (l *loader) literal(a *hcl.Attribute, want cty.Type, what string) cty.Value {
	if a == nil {
		return cty.NilVal
	}
	v, diags := a.Expr.Value(nil)
	if diags.HasErrors() {
		hint := ""
		if word := hcl.ExprAsKeyword(a.Expr); word != "" && want == cty.String {
			hint = fmt.Sprintf(" Text stands in quotes: %q.", word)
		}
		l.fault(a.Expr.Range().Ptr(), "Fixed value needed", "%q must be written out as %s: it is read before anything is evaluated, so variables and functions cannot be used here.%s", a.Name, what, hint)
		return cty.NilVal
	}
	v, err := convert.Convert(v, want)
	if err != nil || v.IsNull() || !v.IsKnown() {
		l.fault(a.Expr.Range().Ptr(), "Wrong type", "%q must be %s.", a.Name, what)
		return cty.NilVal
	}
	return v
}

func (l *loader) text(a *hcl.Attribute) string {
	v := l.literal(a, cty.String, "a string")
	if v == cty.NilVal {
		return ""
	}
	return v.AsString()
}

func (l *loader) boolean(a *hcl.Attribute) bool {
	v := l.literal(a, cty.Bool, "true or false")
	return v != cty.NilVal && v.True()
}

// integer reads a whole number from low to high.
func (l *loader) integer(a *hcl.Attribute, low, high int) int {
	v := l.literal(a, cty.Number, "a number")
	if v == cty.NilVal {
		return 0
	}
	var n int
	if err := gocty.FromCtyValue(v, &n); err != nil || n < low || n > high {
		l.fault(a.Expr.Range().Ptr(), "Number out of range", "%q must be a whole number from %d to %d.", a.Name, low, high)
		return 0
	}
	return n
}

func (l *loader) integers(a *hcl.Attribute, low, high int) []int {
	v := l.literal(a, cty.List(cty.Number), "a list of numbers")
	if v == cty.NilVal {
		return nil
	}
	var out []int
	if err := gocty.FromCtyValue(v, &out); err != nil {
		l.fault(a.Expr.Range().Ptr(), "Wrong type", "%q must be a list of whole numbers.", a.Name)
		return nil
	}
	for _, n := range out {
		if n < low || n > high {
			l.fault(a.Expr.Range().Ptr(), "Number out of range", "Each number of %q must be from %d to %d.", a.Name, low, high)
			return nil
		}
	}
	return out
}

// word reads a string that is one of the words; the first one is the default, and may be "" for none of them.
func (l *loader) word(a *hcl.Attribute, words ...string) string {
	if a == nil {
		return words[0]
	}
	s := l.text(a)
	for _, w := range words {
		if s == w {
			return s
		}
	}
	if s != "" || a.Expr.Variables() == nil {
		article := "a"
		if strings.ContainsAny(a.Name[:1], "aeiou") {
			article = "an"
		}
		l.fault(a.Expr.Range().Ptr(), "Unknown "+a.Name, "%q is not %s %s. Choose one of %s.%s", s, article, a.Name, strings.Join(slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" }), ", "), didYouMean(s, words))
	}
	return words[0]
}

// duration reads a positive duration as Go writes it; it stays text, which is what the plan shows.
func (l *loader) duration(a *hcl.Attribute, standard string) string {
	s := l.text(a)
	if s == "" {
		return standard
	}
	if d, err := time.ParseDuration(s); err != nil || d < 0 {
		l.fault(a.Expr.Range().Ptr(), "Wrong duration", `%q is not a duration such as "500ms", "10s" or "1m30s".`, s)
		return standard
	}
	return s
}

// checkDuration checks a duration that is written out; one with references is checked when it is evaluated.
func (l *loader) checkDuration(a *hcl.Attribute) {
	if a != nil && len(a.Expr.Variables()) == 0 {
		l.duration(a, "")
	}
}

func (l *loader) version(a *hcl.Attribute) *semver.Version {
	s := l.text(a)
	if s == "" {
		return nil
	}
	v, err := semver.Parse(s)
	if err != nil {
		l.fault(a.Expr.Range().Ptr(), "Wrong version", `%q is not a version such as "1.4.2" or "2.0.0-rc.1".`, s)
		return nil
	}
	return &v
}

func (l *loader) constraint(a *hcl.Attribute) *Constraint {
	s := l.text(a)
	if a == nil || s == "" && a.Expr.Variables() != nil {
		return nil
	}
	if known := l.constraints[s]; known != nil {
		return &Constraint{Text: s, Check: known.Check, Range: a.Expr.Range()}
	}
	check, err := semver.ParseConstraint(s)
	if err != nil {
		l.fault(a.Expr.Range().Ptr(), "Wrong version constraint", `%s. A constraint looks like "~> 1.2", "^1.4" or ">= 1.0, < 2.0".`, err)
		return nil
	}
	c := &Constraint{Text: s, Check: &check, Range: a.Expr.Range()}
	l.constraints[s] = c
	return c
}

// typeOf reads the type of a variable with the defaults of its optional attributes.
func (l *loader) typeOf(a *hcl.Attribute) (cty.Type, *Defaults) {
	if a == nil {
		return cty.DynamicPseudoType, nil
	}
	if v, diags := a.Expr.Value(nil); !diags.HasErrors() && v.Type() == cty.String && v.IsKnown() && !v.IsNull() && !l.typeText(a, v.AsString()) {
		return cty.DynamicPseudoType, nil
	}
	t, defaults, diags := typeexpr.TypeConstraintWithDefaults(a.Expr)
	l.diags = append(l.diags, diags...)
	if diags.HasErrors() {
		return cty.DynamicPseudoType, nil
	}
	return t, defaults
}

// typeText checks the type as a JSON file has it: a string that will be parsed as an expression.
func (l *loader) typeText(a *hcl.Attribute, text string) bool {
	const most = 16 << 10
	if len(text) > most {
		l.fault(a.Expr.Range().Ptr(), "Type too long", "A type may have at most %d characters.", most)
		return false
	}
	if err := measureTokens([]byte(text)); err != nil {
		l.fault(a.Expr.Range().Ptr(), err.summary, "%s", err.detail)
		return false
	}
	return true
}
