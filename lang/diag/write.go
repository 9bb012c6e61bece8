package diag

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/mitchellh/go-wordwrap"
)

// maxPrinted bounds what Write prints: the first mistakes are the ones that help.
const maxPrinted = 50

// maxLines bounds the lines of source shown for one diagnostic.
const maxLines = 4

// Write prints diags for people, each in a box of its own, at most 50 of them; "and N more" stands for the rest.
// Texts are wrapped at width columns; 0 or less means 80. With color it uses the escapes of a terminal.
func Write(w io.Writer, diags []Diagnostic, color bool, width int) error {
	p := printer{color: color, screen: width > 0}
	if width <= 0 {
		width = 80
	}
	p.width = max(width-2, 20)
	for i, d := range diags {
		if i == maxPrinted {
			fmt.Fprintf(&p.out, "... and %d more\n", len(diags)-i)
			break
		}
		p.diagnostic(d)
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

type printer struct {
	out    strings.Builder
	color  bool
	screen bool   // there is a terminal of that width
	width  int    // of the text within a box
	paint  string // escape of the severity's color
}

func (p *printer) diagnostic(d Diagnostic) {
	title := "Error"
	p.paint = "\x1b[31m"
	if d.Severity == Warning {
		title, p.paint = "Warning", "\x1b[33m"
	}
	p.out.WriteString(p.dye("╷") + "\n")
	p.summary(title+": ", clean(d.Summary))
	if d.Range != nil {
		p.line("")
		p.source(d)
	}
	if text, hint := splitHint(d.Detail); text != "" || hint != "" {
		p.line("")
		p.text(text)
		p.text(hint)
	}
	p.out.WriteString(p.dye("╵") + "\n")
}

// summary prints what is wrong. On a screen it stays in the box; elsewhere it is one line, which is looked for.
func (p *printer) summary(title, text string) {
	lines := []string{title + text}
	if p.screen {
		lines = strings.Split(wordwrap.WrapString(title+text, uint(p.width)), "\n")
	}
	for i, line := range lines {
		if i == 0 {
			p.line(p.dye(title) + p.bold(strings.TrimPrefix(line, title)))
			continue
		}
		p.line(p.bold(line))
	}
}

// source prints where it is, and the lines with the range underlined.
func (p *printer) source(d Diagnostic) {
	at := "  on " + d.Range.Filename
	if d.Range.Start.Line > 0 { // else it is the file as a whole
		at += fmt.Sprintf(":%d:%d", d.Range.Start.Line, d.Range.Start.Column)
	}
	s := d.Snippet
	if s == nil {
		p.line(clean(at))
		return
	}
	if s.Context != nil {
		at += ", in " + *s.Context
	}
	p.line(clean(at))
	for i, line := range strings.Split(s.Code, "\n") {
		if i == maxLines {
			p.line("      ...")
			return
		}
		line = strings.TrimSuffix(line, "\r")
		if i > 0 {
			line, _, _ = around(line, 0, 0)
			p.line(clean(fmt.Sprintf("%5d: %s", s.StartLine+i, line)))
			continue
		}
		line, start, end := around(line, s.HighlightStartOffset, s.HighlightEndOffset)
		p.line(clean(fmt.Sprintf("%5d: %s", s.StartLine, line)))
		p.underline(line, start, end)
	}
}

// longLine is from how many bytes on a line is cut, to so many on each side of what is marked in it.
const (
	longLine = 240
	aside    = 60
)

// around cuts a long line on both sides of the bytes from start to end, and returns where these are then.
func around(line string, start, end int) (cut string, from, to int) {
	start = min(start, len(line))
	end = max(min(end, len(line)), start)
	if len(line) <= longLine {
		return line, start, end
	}
	first, last := max(start-aside, 0), min(end+aside, start+longLine, len(line))
	for first > 0 && !utf8.RuneStart(line[first]) {
		first--
	}
	for last < len(line) && !utf8.RuneStart(line[last]) {
		last++
	}
	before, after := "", ""
	if first > 0 {
		before = "… "
	}
	if last < len(line) {
		after = " …"
	}
	return before + line[first:last] + after, start - first + len(before), min(end, last) - first + len(before)
}

// underline marks the bytes from start to end of the line above it; a range that goes on below ends with the line.
func (p *printer) underline(line string, start, end int) {
	blank := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, line[:start])
	n := max(utf8.RuneCountInString(line[start:end]), 1)
	p.line("       " + blank + p.dye(strings.Repeat("^", n)))
}

func (p *printer) text(s string) {
	if s == "" {
		return
	}
	for _, line := range strings.Split(s, "\n") {
		// Lines that start with a space are laid out by hand, such as the steps of a cycle.
		if !strings.HasPrefix(line, " ") {
			line = wordwrap.WrapString(line, uint(p.width))
		}
		for _, l := range strings.Split(line, "\n") {
			p.line(clean(l))
		}
	}
}

func (p *printer) line(s string) {
	p.out.WriteString(strings.TrimRight(p.dye("│")+" "+s, " ") + "\n")
}

func (p *printer) dye(s string) string {
	if !p.color {
		return s
	}
	return p.paint + s + "\x1b[0m"
}

func (p *printer) bold(s string) string {
	if !p.color {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

// clean takes out what would steer the terminal, since the text may come from a foreign package or the output of an app: colours
// and the like as a whole, of other control characters a ? stays.
func clean(s string) string {
	s = withoutSequences(s)
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// withoutSequences takes out the control sequences of ECMA-48, section 5.4: ESC [, parameters and intermediate characters from
// space to ?, and a final one from @ to ~. What is not whole stays.
func withoutSequences(s string) string {
	var b strings.Builder
	for {
		begin := strings.Index(s, "\x1b[")
		if begin < 0 {
			return b.String() + s
		}
		end := begin + 2
		for end < len(s) && s[end] >= ' ' && s[end] <= '?' {
			end++
		}
		if end < len(s) && s[end] >= '@' && s[end] <= '~' {
			end++
			b.WriteString(s[:begin])
		} else {
			b.WriteString(s[:end])
		}
		s = s[end:]
	}
}

// splitHint takes the sentence "Did you mean …?" off the end of a detail.
func splitHint(detail string) (text, hint string) {
	detail = strings.TrimRight(detail, " \n")
	i := strings.LastIndex(detail, "Did you mean ")
	if i < 0 || !strings.HasSuffix(detail, "?") {
		return detail, ""
	}
	return strings.TrimRight(detail[:i], " \n"), detail[i:]
}
