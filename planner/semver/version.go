package semver

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxVersion bounds the text of a version.
const maxVersion = 256

// Version is one version of something. The zero value is 0.0.0. Versions that differ in build metadata alone are equal
// to Compare, not to ==.
type Version struct {
	major, minor, patch uint64
	pre, build          string // without the characters - and + that introduce them
}

// New returns the release major.minor.patch.
func New(major, minor, patch uint64) Version {
	return Version{major: major, minor: minor, patch: patch}
}

// Parse reads a version. Minor and patch may be left out; a leading v may not be there.
func Parse(text string) (Version, error) {
	p, err := parsePartial(text)
	switch {
	case err != nil:
		return Version{}, fmt.Errorf("%q is not a version: %w", text, err)
	case p.wild:
		return Version{}, fmt.Errorf("%q is not a version: it has a wildcard", text)
	}
	return p.version, nil
}

// MustParse is Parse for texts that are known to be right; it panics on others.
func MustParse(text string) Version {
	v, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return v
}

// Major is the first number.
func (v Version) Major() uint64 { return v.major }

// Minor is the second number.
func (v Version) Minor() uint64 { return v.minor }

// Patch is the third number.
func (v Version) Patch() uint64 { return v.patch }

// IsPrerelease reports whether v is one.
func (v Version) IsPrerelease() bool { return v.pre != "" }

// Release returns v without prerelease and build metadata.
func (v Version) Release() Version { return New(v.major, v.minor, v.patch) }

// String returns v in full, with all three numbers.
func (v Version) String() string {
	b := make([]byte, 0, 24)
	b = strconv.AppendUint(b, v.major, 10)
	b = strconv.AppendUint(append(b, '.'), v.minor, 10)
	b = strconv.AppendUint(append(b, '.'), v.patch, 10)
	if v.pre != "" {
		b = append(append(b, '-'), v.pre...)
	}
	if v.build != "" {
		b = append(append(b, '+'), v.build...)
	}
	return string(b)
}

// MarshalText returns what String does.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText is Parse.
func (v *Version) UnmarshalText(text []byte) (err error) {
	*v, err = Parse(string(text))
	return err
}

// Compare returns -1, 0 or +1 as v is older than, equal to or newer than w.
func (v Version) Compare(w Version) int { return v.compare(&w) }

// compare is Compare without copies, which are most of its cost.
func (v *Version) compare(w *Version) int {
	switch {
	case v.major != w.major:
		return cmp.Compare(v.major, w.major)
	case v.minor != w.minor:
		return cmp.Compare(v.minor, w.minor)
	case v.patch != w.patch:
		return cmp.Compare(v.patch, w.patch)
	}
	return comparePrerelease(v.pre, w.pre)
}

// comparePrerelease orders prereleases identifier by identifier; a release, "", comes after all of its prereleases.
func comparePrerelease(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	}
	for {
		x, restA, moreA := strings.Cut(a, ".")
		y, restB, moreB := strings.Cut(b, ".")
		if c := compareIdentifier(x, y); c != 0 {
			return c
		}
		if !moreA || !moreB {
			return compareBool(moreA, moreB)
		}
		a, b = restA, restB
	}
}

// compareIdentifier orders numbers by value and below words, and words by their bytes. Numbers have no leading zeros,
// so the longer one is the greater, of whatever size.
func compareIdentifier(x, y string) int {
	numericX, numericY := isNumber(x), isNumber(y)
	switch {
	case numericX && numericY:
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
	case numericX != numericY:
		return compareBool(numericY, numericX)
	}
	return cmp.Compare(x, y)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// partial is a version as it is written in a constraint.
type partial struct {
	version Version
	parts   int  // how many numbers are written, 0 to 3
	wild    bool // a wildcard stands where the next number would
}

var errTooLong = errors.New("it is too long")

// parsePartial reads up to three numbers, the last ones possibly wildcards, and what follows them.
func parsePartial(text string) (p partial, err error) {
	if len(text) > maxVersion {
		return p, errTooLong
	}
	core, build, hasBuild := strings.Cut(text, "+")
	core, pre, hasPre := strings.Cut(core, "-")
	if p, err = parseCore(core); err != nil {
		return p, err
	}
	if p.wild && (hasPre || hasBuild) {
		return p, errors.New("nothing may follow a wildcard")
	}
	if err := identifiers(pre, hasPre, "prerelease", true); err != nil {
		return p, err
	}
	if err := identifiers(build, hasBuild, "build metadata", false); err != nil {
		return p, err
	}
	p.version.pre, p.version.build = pre, build
	return p, nil
}

func parseCore(core string) (p partial, err error) {
	numbers := [3]*uint64{&p.version.major, &p.version.minor, &p.version.patch}
	rest, more := core, true
	for at := 0; more; at++ {
		var part string
		part, rest, more = strings.Cut(rest, ".")
		if at == len(numbers) {
			return p, errors.New("it has more than three numbers")
		}
		if part == "*" || part == "x" || part == "X" {
			p.wild = true
			continue
		}
		if p.wild {
			return p, errors.New("a number follows a wildcard")
		}
		if *numbers[at], err = parseNumber(part); err != nil {
			return p, err
		}
		p.parts++
	}
	return p, nil
}

func parseNumber(s string) (uint64, error) {
	switch {
	case s == "":
		return 0, errors.New("a number is missing")
	case !isNumber(s):
		return 0, fmt.Errorf("%q is not a number", s)
	case len(s) > 1 && s[0] == '0':
		return 0, fmt.Errorf("the number %s begins with a zero", s)
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the number %s is too large", s)
	}
	return n, nil
}

// identifiers checks words joined by dots. Numbers among those of a prerelease have no leading zeros.
func identifiers(text string, there bool, what string, strict bool) error {
	if !there {
		return nil
	}
	for word := range strings.SplitSeq(text, ".") {
		if word == "" {
			return fmt.Errorf("its %s has an empty part", what)
		}
		if at := strings.IndexFunc(word, notIdentifier); at >= 0 {
			return fmt.Errorf("its %s has the character %q", what, word[at:at+1])
		}
		if strict && len(word) > 1 && word[0] == '0' && isNumber(word) {
			return fmt.Errorf("its %s has the number %s, which begins with a zero", what, word)
		}
	}
	return nil
}

func notIdentifier(r rune) bool {
	return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}
