package config

import (
	"cmp"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// maxSyntax bounds the mistakes that are told of one file that does not parse: most of what follows the first ones comes from them.
const maxSyntax = 10

// Shorten leaves of what the parser says about one file what helps. A character that HCL does not know, such as a curly quote, makes
// the parser stumble over nearly everything from its line on: the first one stands for all of that. It says how much is left out. src is the text of the file.
func Shorten(diags hcl.Diagnostics, src []byte) hcl.Diagnostics {
	sorted := slices.Clone(diags)
	for i, d := range sorted {
		sorted[i] = named(d, src)
	}
	diags = slices.Clone(sorted)
	slices.SortStableFunc(sorted, func(a, b *hcl.Diagnostic) int { return cmp.Compare(line(a), line(b)) })
	kept := sorted[:min(len(sorted), maxSyntax)]
	if strange := strangeCharacter(diags); strange != nil {
		kept = append(slices.DeleteFunc(slices.Clone(kept), func(d *hcl.Diagnostic) bool { return line(d) >= line(strange) }), strange)
	}
	return withRest(kept, len(diags)-len(kept))
}

// named says which character it is that HCL does not know, where it looks like a space or like nothing: src is the text of the file.
func named(d *hcl.Diagnostic, src []byte) *hcl.Diagnostic {
	if d.Summary != "Invalid character" || d.Subject == nil || d.Subject.Start.Byte >= len(src) {
		return d
	}
	c := *d
	switch r, _ := utf8.DecodeRune(src[d.Subject.Start.Byte:]); {
	case r == '\r':
		c.Detail = "A line ends in CR alone here, as in files of old Macs. Save the file with line ends LF."
	case r > unicode.MaxASCII && !unicode.IsGraphic(r), unicode.IsSpace(r):
		c.Detail = fmt.Sprintf("This is the character U+%04X, which looks like a space or like nothing. Delete it, or type a space in its place.", r)
	}
	return &c
}

// line is where d is; 0 when it concerns no place.
func line(d *hcl.Diagnostic) int {
	if d.Subject == nil {
		return 0
	}
	return d.Subject.Start.Line
}

// withRest says in the last of kept how many others there are.
func withRest(kept hcl.Diagnostics, others int) hcl.Diagnostics {
	if others == 0 {
		return kept
	}
	last := *kept[len(kept)-1]
	rest := fmt.Sprintf("%d more mistakes in this file are not shown: most", others)
	if others == 1 {
		rest = "1 more mistake in this file is not shown: it may"
	}
	last.Detail += " " + rest + " come from the first."
	return append(slices.Clone(kept[:len(kept)-1]), &last)
}

// strangeCharacter is the first mistake in the file that is about a character which HCL does not know; nil when there is none.
func strangeCharacter(diags hcl.Diagnostics) *hcl.Diagnostic {
	var first *hcl.Diagnostic
	for _, d := range diags {
		if d.Summary == "Invalid character" && d.Subject != nil && (first == nil || d.Subject.Start.Byte < first.Subject.Start.Byte) {
			first = d
		}
	}
	return first
}
