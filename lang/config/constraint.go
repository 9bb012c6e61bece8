package config

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// maxConstraint bounds the text of a constraint.
const maxConstraint = 512

// ParseConstraint reads a version constraint: the operators = != > >= < <= ~> and ^, a comma (or a space) for "and",
// || for "or". A version without an operator means exactly that version. "~> 1.2" allows 1.2 up to but without 2.0,
// and "~> 1.2.3" allows 1.2.3 up to but without 1.3.0, as Terraform has it; "~> 1" is "~> 1.0". "" and "*" allow every
// version. Prereleases match only a constraint that names one. The Range of the result is empty.
func ParseConstraint(text string) (*Constraint, error) {
	if len(text) > maxConstraint {
		return nil, fmt.Errorf("a constraint has at most %d characters", maxConstraint)
	}
	var alternatives []string
	for _, part := range strings.Split(text, "||") {
		all, err := conjunction(part)
		if err != nil {
			return nil, fmt.Errorf("%q is not a version constraint: %w", text, err)
		}
		if all == "" {
			if len(alternatives) > 0 || strings.Contains(text, "||") {
				return nil, fmt.Errorf("%q is not a version constraint: nothing stands on one side of ||", text)
			}
			all = "*"
		}
		alternatives = append(alternatives, all)
	}
	check, err := semver.NewConstraint(strings.Join(alternatives, " || "))
	if err != nil {
		return nil, fmt.Errorf("%q is not a version constraint: %w", text, err)
	}
	return &Constraint{Text: text, Check: check}, nil
}

// conjunction rewrites terms joined by "and" in the words of the semver package.
func conjunction(text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", nil
	}
	var out []string
	for _, group := range strings.Split(text, ",") {
		terms, err := terms(group)
		if err != nil {
			return "", err
		}
		out = append(out, terms...)
	}
	return strings.Join(out, ", "), nil
}

// terms reads the terms between two commas: an operator, which may stand apart from its version, and a version.
func terms(group string) ([]string, error) {
	var out []string
	operator := ""
	for _, word := range strings.Fields(group) {
		version := strings.TrimLeft(word, "=!<>~^")
		if op := word[:len(word)-len(version)]; op != "" {
			if operator != "" {
				return nil, fmt.Errorf("a version is missing after %q", operator)
			}
			operator = op
		}
		if version == "" {
			continue
		}
		t, err := term(operator, version)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		operator = ""
	}
	if operator != "" {
		return nil, fmt.Errorf("a version is missing after %q", operator)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("a term between commas is empty")
	}
	return out, nil
}

func term(operator, text string) (string, error) {
	if text == "*" && operator == "" {
		return "*", nil
	}
	v, err := semver.NewVersion(text)
	if err != nil || text[0] == 'v' {
		return "", fmt.Errorf("%q is not a version", text)
	}
	full := v.String()
	switch operator {
	case "", "=":
		return "=" + full, nil
	case "~>":
		return pessimistic(text, v), nil
	case "^":
		return "^" + text, nil // ^0 and ^0.0 mean more than ^0.0.0
	case "!=", ">", ">=", "<", "<=":
		return operator + full, nil
	}
	return "", fmt.Errorf("%q is not an operator; there are = != > >= < <= ~> and ^", operator)
}

// pessimistic lets the last part that is written grow: the semver package's own ~> would hold "1.2" to 1.2.x.
func pessimistic(text string, v *semver.Version) string {
	core, _, _ := strings.Cut(text, "-")
	core, _, _ = strings.Cut(core, "+")
	next := fmt.Sprintf("%d.0.0", v.Major()+1)
	if strings.Count(core, ".") == 2 {
		next = fmt.Sprintf("%d.%d.0", v.Major(), v.Minor()+1)
	}
	if v.Prerelease() != "" {
		// A prerelease anywhere lets all in; those of the next version must stay out.
		next += "-0"
	}
	return ">=" + v.String() + ", <" + next
}
