package diag

import "bytes"

// maxSnippet bounds the code of a snippet: a range may span a whole file, and a line may be megabytes long.
const maxSnippet = 2048

// Snippet is the source around a range.
type Snippet struct {
	Context *string `json:"context"` // header of the outermost block around it; nil for none
	Code    string  `json:"code"`    // the whole lines of the range, without the last line's end
	// StartLine is the line that Code begins with, from 1.
	StartLine int `json:"start_line"`
	// The offsets are bytes within Code.
	HighlightStartOffset int `json:"highlight_start_offset"`
	HighlightEndOffset   int `json:"highlight_end_offset"`
}

// snippet cuts the lines of r out of src; nil when r does not lie within src.
func snippet(src []byte, r *Range) *Snippet {
	start, end := r.Start.Byte, r.End.Byte
	if start < 0 || end < start || end > len(src) {
		return nil
	}
	from := bytes.LastIndexByte(src[:start], '\n') + 1
	context := context(src[:from], src[from:])
	if start-from > maxSnippet {
		from = start
	}
	to := len(src)
	if i := bytes.IndexByte(src[end:], '\n'); i >= 0 {
		to = end + i
	}
	// A range that ends at the start of a line does not include that line.
	if end > start && src[end-1] == '\n' {
		to = end - 1
	}
	to = min(to, from+maxSnippet)
	code := bytes.TrimRight(src[from:to], "\r")
	return &Snippet{
		Context:              context,
		Code:                 string(bytes.ToValidUTF8(code, []byte("?"))),
		StartLine:            r.Start.Line,
		HighlightStartOffset: min(start-from, len(code)),
		HighlightEndOffset:   min(end-from, len(code)),
	}
}

// context finds the block that the line belongs to. It goes by the layout, in which only the header of an outermost
// block starts in the first column and ends in a brace: right for every formatted file, and cheap.
func context(before, line []byte) *string {
	if len(line) == 0 || line[0] != ' ' && line[0] != '\t' {
		return nil
	}
	for len(before) > 0 {
		before = before[:len(before)-1]
		start := bytes.LastIndexByte(before, '\n') + 1
		head := bytes.TrimRight(before[start:], " \r")
		before = before[:start]
		if len(head) == 0 || head[0] == ' ' || head[0] == '\t' || head[0] == '#' {
			continue
		}
		if head[len(head)-1] != '{' || len(head) > 200 {
			return nil
		}
		name := string(bytes.TrimRight(head, "{ "))
		if name == "" { // JSON
			return nil
		}
		return &name
	}
	return nil
}
