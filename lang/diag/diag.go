// Package diag turns diagnostics into what people and programs read: a form that is the same in JSON as that of
// `terraform validate -json`, and a rendering for terminals that shows the line and the way out.
package diag

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// The severities of a Diagnostic.
const (
	Error   = "error"
	Warning = "warning"
)

// Diagnostic is one finding, ready to be encoded. It holds no expression and no value, and so no secret.
type Diagnostic struct {
	Severity string   `json:"severity"` // Error or Warning
	Summary  string   `json:"summary"`
	Detail   string   `json:"detail"`
	Range    *Range   `json:"range,omitempty"`   // nil when it concerns no place in a file
	Snippet  *Snippet `json:"snippet,omitempty"` // nil when the text of the file is not at hand
}

// Range is a part of a file, from Start up to but without End.
type Range struct {
	Filename string `json:"filename"`
	Start    Pos    `json:"start"`
	End      Pos    `json:"end"`
}

// Pos is a place in a file: line and column count from 1, the column in characters; byte counts from 0.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Sources are the texts of files by name. As the Extra of a diagnostic they are looked in for its snippet, too: those of a file that
// was no more than read, which whoever shows the diagnostic does not have.
type Sources map[string][]byte

// From converts diags, sorted by file and position and without repetitions. The sources, by file name, give the
// snippets; a file that is neither there nor in the Extra of the diagnostic has none.
func From(diags hcl.Diagnostics, sources map[string][]byte) []Diagnostic {
	out := make([]Diagnostic, 0, len(diags))
	for _, d := range diags {
		out = append(out, from(d, sources))
	}
	slices.SortStableFunc(out, compare)
	return slices.CompactFunc(out, func(a, b Diagnostic) bool {
		return a.Severity == b.Severity && a.Summary == b.Summary && a.Detail == b.Detail && a.place() == b.place()
	})
}

func from(d *hcl.Diagnostic, sources map[string][]byte) Diagnostic {
	out := Diagnostic{Severity: Error, Summary: d.Summary, Detail: d.Detail}
	if d.Severity == hcl.DiagWarning {
		out.Severity = Warning
	}
	if d.Subject == nil {
		return out
	}
	out.Detail += attributeHint(d)
	if hint := functionHint(d); hint != "" {
		what, _, _ := strings.Cut(out.Detail, " Did you mean")
		out.Detail = what + hint
	}
	out.Range = &Range{
		Filename: d.Subject.Filename,
		Start:    Pos(d.Subject.Start),
		End:      Pos(d.Subject.End),
	}
	src, ok := sources[d.Subject.Filename]
	if own, is := d.Extra.(Sources); is && !ok {
		src, ok = own[d.Subject.Filename]
	}
	if ok {
		out.Snippet = snippet(src, out.Range)
	}
	return out
}

// place is the range by value; the zero value without one, which sorts first.
func (d Diagnostic) place() Range {
	if d.Range == nil {
		return Range{}
	}
	return *d.Range
}

func compare(a, b Diagnostic) int {
	p, q := a.place(), b.place()
	return cmp.Or(
		cmp.Compare(p.Filename, q.Filename),
		cmp.Compare(p.Start.Byte, q.Start.Byte),
		cmp.Compare(p.End.Byte, q.End.Byte),
		cmp.Compare(a.Summary, b.Summary),
		cmp.Compare(a.Detail, b.Detail),
	)
}
