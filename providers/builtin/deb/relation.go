package deb

import "strings"

// relation is one package name with a condition on its version, as in "libc6 (>= 2.36)".
type relation struct {
	name    string
	op      string // "<<", "<=", "=", ">=", ">>", or "" for any version
	version string
}

// alternatives are relations of which one has to hold.
type alternatives []relation

// parseRelations reads the text of a Depends field. A part that it cannot read becomes a relation that nothing meets,
// so that it shows up as an error where it matters and not for packages that nobody asked for.
func parseRelations(text string) []alternatives {
	var all []alternatives
	for group := range strings.SplitSeq(text, ",") {
		var a alternatives
		for part := range strings.SplitSeq(group, "|") {
			if part = strings.TrimSpace(part); part != "" {
				a = append(a, parseRelation(part))
			}
		}
		if a != nil {
			all = append(all, a)
		}
	}
	return all
}

func parseRelation(text string) relation {
	name, condition, found := strings.Cut(text, "(")
	name, _, _ = strings.Cut(strings.TrimSpace(name), ":") // "python3:any": one architecture is all we know
	r := relation{name: name}
	if !found {
		return r
	}
	condition, _, _ = strings.Cut(condition, ")")
	condition = strings.TrimSpace(condition)
	version := strings.TrimLeft(condition, "<=>")
	r.op = condition[:len(condition)-len(version)]
	r.version = strings.TrimSpace(version)
	return r
}

// admits reports whether the version meets the condition.
func (r relation) admits(version string) bool {
	if r.op == "" {
		return true
	}
	c := compareVersions(version, r.version)
	switch r.op {
	case "<<":
		return c < 0
	case "<=", "<":
		return c <= 0
	case "=":
		return c == 0
	case ">=", ">":
		return c >= 0
	case ">>":
		return c > 0
	}
	return false
}

func (r relation) String() string {
	if r.op == "" {
		return r.name
	}
	return r.name + " (" + r.op + " " + r.version + ")"
}

func (a alternatives) String() string {
	texts := make([]string, len(a))
	for i, r := range a {
		texts[i] = r.String()
	}
	return strings.Join(texts, " | ")
}
