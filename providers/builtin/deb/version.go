package deb

import "strings"

// compareVersions orders two versions as Debian policy 5.6.12 says: negative if a is older than b.
func compareVersions(a, b string) int {
	epochA, upstreamA, revisionA := splitVersion(a)
	epochB, upstreamB, revisionB := splitVersion(b)
	if c := comparePart(epochA, epochB); c != 0 {
		return c
	}
	if c := comparePart(upstreamA, upstreamB); c != 0 {
		return c
	}
	return comparePart(revisionA, revisionB)
}

func splitVersion(v string) (epoch, upstream, revision string) {
	if i := strings.IndexByte(v, ':'); i >= 0 {
		epoch, v = v[:i], v[i+1:]
	}
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		v, revision = v[:i], v[i+1:]
	}
	return epoch, v, revision
}

// comparePart compares in turn a run of non-digits, character by character, and a run of digits, as numbers.
func comparePart(a, b string) int {
	for a != "" || b != "" {
		for startsWithText(a) || startsWithText(b) {
			if c := weight(a) - weight(b); c != 0 {
				return c
			}
			a, b = a[1:], b[1:]
		}
		var numberA, numberB string
		numberA, a = cutNumber(a)
		numberB, b = cutNumber(b)
		if c := len(numberA) - len(numberB); c != 0 {
			return c
		}
		if c := strings.Compare(numberA, numberB); c != 0 {
			return c
		}
	}
	return 0
}

func startsWithText(s string) bool { return s != "" && !isDigit(s[0]) }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// weight orders the first character: a tilde before the end, the end before letters, letters before all else.
func weight(s string) int {
	switch {
	case s == "" || isDigit(s[0]):
		return 0
	case s[0] == '~':
		return -1
	case 'a' <= s[0]|0x20 && s[0]|0x20 <= 'z':
		return int(s[0])
	}
	return int(s[0]) + 256
}

// cutNumber cuts the digits off the front of s and returns them without leading zeros.
func cutNumber(s string) (number, rest string) {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return strings.TrimLeft(s[:n], "0"), s[n:]
}
