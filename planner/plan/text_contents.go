package plan

import (
	"slices"
	"strings"
)

// contents writes compactly what the changes of a block consist of.
func (r *report) contents(indent int, b *block) {
	if names := contentNames(b.changes); names != "" {
		r.wrapped(indent, plain, names)
	}
	r.effects(indent, b)
}

// categories are the first words of parts in the order of what a reader wants to know first, and how they are called.
var categories = []struct{ part, title string }{
	{"process", "process"},
	{"step", "step"},
	{"configure", "configure"},
	{"endpoint", "endpoint"},
	{"route", "route"},
	{"secret", "secret"},
	{"bind", "bind"},
	{"install", "install"},
}

// contentLimit is how many names of one category are listed.
const contentLimit = 6

// contentNames is "process web, mailer; step migrate; bind database". Equal parts of several instances count once,
// and what makes up one binding is called by the name of the binding.
func contentNames(changes []*Change) string {
	names := make([][]string, len(categories))
	for _, c := range changes {
		category, name, _ := strings.Cut(c.Addr.Part, ".")
		if category == "bind" {
			name, _, _ = strings.Cut(name, ".")
		}
		for i := range categories {
			if categories[i].part == category && name != "" && !slices.Contains(names[i], name) {
				names[i] = append(names[i], name)
			}
		}
	}
	var parts []string
	for i, list := range names {
		if list != nil {
			parts = append(parts, categories[i].title+" "+some(list, contentLimit))
		}
	}
	return strings.Join(parts, "; ")
}
