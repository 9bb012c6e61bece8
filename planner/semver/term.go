package semver

import (
	"fmt"
	"math"
)

// term is an operator and a version, possibly with wildcards.
type term struct {
	operator string
	partial
}

func parseTerm(operator, text string) (term, error) {
	switch operator {
	case "", "=", "!=", ">", ">=", "<", "<=", "~>", "^":
	default:
		return term{}, fmt.Errorf("%q is not an operator; there are = != > >= < <= ~> and ^", operator)
	}
	p, err := parsePartial(text)
	if err != nil {
		return term{}, fmt.Errorf("%q is not a version: %w", text, err)
	}
	return term{operator, p}, nil
}

// asks returns the prereleases that t lets in if everything else allows them.
func (t term) asks() intervals {
	if t.operator == "!=" || !t.version.IsPrerelease() {
		return nil
	}
	release := t.version.Release()
	first := release
	first.pre = "0"
	return between(cut{version: first}, cut{version: release})
}

// set returns the versions that t allows, all prereleases among them.
func (t term) set() intervals {
	before, after := t.extent()
	switch t.operator {
	case "!=":
		return between(before, after).complement()
	case ">":
		return intervals{after}.intersect(intervals{start})
	case ">=":
		return intervals{before}
	case "<":
		return between(start, before)
	case "<=":
		return between(start, after)
	case "~>":
		return between(before, t.grown(max(0, t.written()-2)))
	case "^":
		return between(before, t.grown(t.firstNonZero()))
	}
	return between(before, after)
}

// written counts the parts that are written, a wildcard as one.
func (t term) written() int {
	if t.wild {
		return t.parts + 1
	}
	return t.parts
}

// extent returns the cuts around what is written: one version, or all that a wildcard stands for.
func (t term) extent() (before, after cut) {
	before = cut{version: t.version}
	if !t.wild {
		return before, cut{version: t.version, after: true}
	}
	return before, t.grown(t.parts - 1)
}

// grown returns the cut before all prereleases of the release in which the number at position is one more and all later
// ones are zero. With position -1, or a number that cannot be more, there is no end: the cut lies after everything.
func (t term) grown(position int) cut {
	numbers := [3]uint64{t.version.major, t.version.minor, t.version.patch}
	for position >= 0 && numbers[position] == math.MaxUint64 {
		position--
	}
	if position < 0 || t.parts == 0 {
		return end
	}
	numbers[position]++
	clear(numbers[position+1:])
	return cut{version: Version{major: numbers[0], minor: numbers[1], patch: numbers[2], pre: "0"}}
}

// end lies after every version.
var end = cut{version: New(math.MaxUint64, math.MaxUint64, math.MaxUint64), after: true}

// firstNonZero returns the position of the first number that is not zero, or of the last one that is written.
func (t term) firstNonZero() int {
	switch {
	case t.version.major > 0 || t.parts <= 1:
		return 0
	case t.version.minor > 0 || t.parts == 2:
		return 1
	}
	return 2
}
