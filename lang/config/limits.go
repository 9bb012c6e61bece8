package config

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// HCL's parser and its evaluation recurse, and a goroutine that runs out of stack ends the whole process: no recover
// helps. So nothing reaches the parser before its tokens have been measured against these limits.
const (
	maxRecipeBytes = 256 << 10
	maxStackBytes  = 16 << 20 // a stack of 10 000 components is some megabytes
	maxFiles       = 1000
	maxNesting     = 100 // brackets, braces and interpolations that are open at once
	maxNumber      = 64  // characters of a number
	maxExponent    = 3   // digits of a number's exponent
	maxLoops       = 2   // `for` within `for`
	// maxChain bounds the operators, indexes and conditions of the expressions that are open at once: the parser
	// builds a chain such as a+b+c… as a tree as deep as the chain is long.
	maxChain = 500
)

// CheckLimits refuses a file, HCL or JSON by its name, that would exhaust a parser. Whoever gives foreign text to
// hclsyntax asks here first. The size allowed is that of a stack file.
func CheckLimits(src []byte, filename string) hcl.Diagnostics {
	return checkLimits(src, filename, maxStackBytes)
}

// checkLimits refuses a file that would exhaust the parser; nil when it is fine. Its cost is a small part of
// parsing.
func checkLimits(src []byte, filename string, max int) hcl.Diagnostics {
	if len(src) > max {
		return tooBig(filename, max)
	}
	if i := bytes.IndexByte(src, 0); i >= 0 {
		return noText(filename, i)
	}
	var err *limitError
	if isJSON(filename) {
		err = measureJSON(src)
	} else {
		err = measure(src)
	}
	if err == nil {
		return nil
	}
	return hcl.Diagnostics{err.diagnostic(src, filename)}
}

func tooBig(filename string, max int) hcl.Diagnostics {
	return hcl.Diagnostics{{
		Severity: hcl.DiagError,
		Summary:  "File too big",
		Detail:   fmt.Sprintf("%s has more than %d KiB, the most that such a file may have. Split it into several files.", filename, max>>10),
		Subject:  &hcl.Range{Filename: filename, Start: hcl.InitialPos, End: hcl.InitialPos},
	}}
}

// noText is for a program, an archive or an image that was named by mistake. No line of it is shown.
func noText(filename string, at int) hcl.Diagnostics {
	return hcl.Diagnostics{{
		Severity: hcl.DiagError,
		Summary:  "Not a text file",
		Detail:   fmt.Sprintf("%s is not text: its byte %d is zero. A stack or recipe is text in UTF-8; text in UTF-16 has to be saved as that.", filename, at),
		Subject:  &hcl.Range{Filename: filename, Start: hcl.InitialPos, End: hcl.InitialPos},
	}}
}

// limitError says which limit is passed and at which byte.
type limitError struct {
	offset  int
	summary string
	detail  string
}

func (e *limitError) diagnostic(src []byte, filename string) *hcl.Diagnostic {
	at := min(e.offset, len(src))
	before := src[:at]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	pos := hcl.Pos{Line: line, Column: column, Byte: at}
	end := pos
	if at < len(src) && src[at] != '\n' {
		end.Column++
		end.Byte++
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  e.summary,
		Detail:   e.detail,
		Subject:  &hcl.Range{Filename: filename, Start: pos, End: end},
	}
}
