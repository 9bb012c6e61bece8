package deb

import "strings"

// paragraph is one block of a control file: its fields by lower-case name. The lines of a value that goes on are
// joined by newlines, without their indentation.
type paragraph map[string]string

func parseParagraph(text string) paragraph {
	p := paragraph{}
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if last != "" {
				p[last] += "\n" + strings.TrimSpace(line)
			}
		default:
			name, value, ok := strings.Cut(line, ":")
			if last = ""; ok {
				last = strings.ToLower(name)
				p[last] = strings.TrimSpace(value)
			}
		}
	}
	return p
}

// paragraphs splits a control file at its empty lines.
func paragraphs(text string) []string {
	var all []string
	var current strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			current.WriteString(line)
			continue
		}
		if current.Len() > 0 {
			all = append(all, current.String())
			current.Reset()
		}
	}
	if current.Len() > 0 {
		all = append(all, current.String())
	}
	return all
}

func (p paragraph) words(name string) []string { return strings.Fields(p[name]) }

// no reports whether the field is there and denies.
func (p paragraph) no(name string) bool {
	switch strings.ToLower(p[name]) {
	case "no", "false", "off", "0", "without", "disable":
		return true
	}
	return false
}
