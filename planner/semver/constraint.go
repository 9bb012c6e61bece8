package semver

import (
	"errors"
	"fmt"
	"strings"
)

// maxConstraint bounds the text of a constraint.
const maxConstraint = 4096

// Constraint is a set of versions as people write it; the package description has the grammar. The zero value allows
// nothing. It is never changed and safe for concurrent use.
type Constraint struct {
	text        string
	releases    intervals // which releases are allowed
	prereleases intervals // and which prereleases
}

// Any returns the constraint * that allows every release.
func Any() Constraint { return Constraint{text: "*", releases: intervals{start}} }

// ParseConstraint reads a constraint. An empty text is the same as *.
func ParseConstraint(text string) (Constraint, error) {
	c := Constraint{text: text}
	if len(text) > maxConstraint {
		return c, fmt.Errorf("a constraint has at most %d characters", maxConstraint)
	}
	if strings.TrimSpace(text) == "" {
		c.releases = intervals{start}
		return c, nil
	}
	var releases, prereleases []intervals
	for part := range strings.SplitSeq(text, "||") {
		some, early, err := alternative(part)
		if err != nil {
			return c, fmt.Errorf("%q is not a version constraint: %w", text, err)
		}
		releases, prereleases = append(releases, some), append(prereleases, early)
	}
	c.releases, c.prereleases = fold(releases, intervals.union), fold(prereleases, intervals.union)
	return c, nil
}

// String returns the constraint as it was written.
func (c *Constraint) String() string { return c.text }

// Allows reports whether v is in the set.
func (c *Constraint) Allows(v Version) bool {
	if v.IsPrerelease() {
		return c.prereleases.contains(&v)
	}
	return c.releases.contains(&v)
}

// AllowsBefore reports whether a version that is older than v is in the set.
func (c *Constraint) AllowsBefore(v Version) bool {
	at := cut{version: v}
	for _, s := range []intervals{c.releases, c.prereleases} {
		if len(s) > 0 && s[0].compare(&at) < 0 {
			return true
		}
	}
	return false
}

// Runs calls run for the releases that c allows among n ascending ones: for the positions from one up to, and without,
// another. at returns the release at a position. It takes the logarithm of n, where asking of each takes n.
func (c *Constraint) Runs(n int, at func(int) *Version, run func(from, to int)) {
	position := 0
	for i := 0; i < len(c.releases) && position < n; i += 2 {
		from := c.releases[i].position(position, n, at)
		position = n
		if i+1 < len(c.releases) {
			position = c.releases[i+1].position(from, n, at)
		}
		if from < position {
			run(from, position)
		}
	}
}

// alternative reads terms that hold together.
func alternative(text string) (releases, prereleases intervals, err error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil, errors.New("nothing stands on one side of ||")
	}
	all := []intervals{{start}}
	var asked []intervals // the prereleases that terms ask for
	for group := range strings.SplitSeq(text, ",") {
		terms, err := parseTerms(group)
		if err != nil {
			return nil, nil, err
		}
		for _, t := range terms {
			all = append(all, t.set())
			if set := t.asks(); set != nil {
				asked = append(asked, set)
			}
		}
	}
	releases = fold(all, intervals.intersect)
	return releases, releases.intersect(fold(asked, intervals.union)), nil
}

// parseTerms reads the terms between two commas; an operator may stand apart from its version.
func parseTerms(group string) ([]term, error) {
	var terms []term
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
		t, err := parseTerm(operator, version)
		if err != nil {
			return nil, err
		}
		terms, operator = append(terms, t), ""
	}
	if operator != "" {
		return nil, fmt.Errorf("a version is missing after %q", operator)
	}
	if len(terms) == 0 {
		return nil, errors.New("a term between commas is empty")
	}
	return terms, nil
}
