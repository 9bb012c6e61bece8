package lockfile

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
)

// maxDepth is how deep blocks and maps nest in a lock file.
const maxDepth = 2

// strange finds the first byte that no lock file has; nil if there is none. The parser is recursive, so it must not see text
// that nests deeper than blocks do, or that has expressions other than strings. It is one look at each byte, since a lock file is
// read by every command.
func strange(text []byte, name string) *hcl.Range {
	depth := 0
	for at := 0; at < len(text); at++ {
		rest := text[at:]
		switch c := text[at]; {
		case c == '"':
			length := quoted(rest)
			if length < 0 {
				return rangeAt(text, at-length, name)
			}
			at += length - 1
		case c == '#' || bytes.HasPrefix(rest, []byte("//")):
			at += upTo(rest, "\n") - 1 // the newline is looked at
		case bytes.HasPrefix(rest, []byte("/*")) && bytes.Contains(rest[2:], []byte("*/")):
			at += 2 + upTo(rest[2:], "*/") + 1
		case c == '{' && depth < maxDepth:
			depth++
		case c == '}':
			depth--
		case isLetter(c), inName(c) && at > 0 && inName(text[at-1]): // a minus and a number begin no name
		case !bytes.ContainsRune([]byte("= \t\r\n"), rune(c)):
			return rangeAt(text, at, name)
		}
	}
	return nil
}

// quoted is the length of the string that text begins with; -n when its nth byte is strange: something is to be put in there, or
// the line or the text ends.
func quoted(text []byte) int {
	for at := 1; at < len(text); at++ {
		switch c := text[at]; {
		case c == '"':
			return at + 1
		case c == '\n', (c == '$' || c == '%') && at+1 < len(text) && text[at+1] == '{':
			return -at
		case c == '\\' && at+1 < len(text) && text[at+1] != '\n':
			at++
		}
	}
	return -len(text)
}

// upTo is how many bytes come before the mark.
func upTo(text []byte, mark string) int {
	if at := bytes.Index(text, []byte(mark)); at >= 0 {
		return at
	}
	return len(text)
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// inName reports whether a name can have the byte behind its first.
func inName(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' || c == '-' }

// rangeAt is the place of a byte.
func rangeAt(text []byte, at int, name string) *hcl.Range {
	before := text[:at]
	start := hcl.Pos{Line: 1 + bytes.Count(before, []byte("\n")), Column: at - bytes.LastIndexByte(before, '\n'), Byte: at}
	end := start
	end.Column, end.Byte = end.Column+1, end.Byte+1
	return &hcl.Range{Filename: name, Start: start, End: end}
}
