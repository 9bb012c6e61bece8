package child

import (
	"bytes"
	"io"
	"strings"
)

// maxLine bounds a line of what a program writes, in bytes; the rest of it is dropped.
const maxLine = 8 << 10

// lines passes on what is written to it, line by line and without empty ones. It is for one writer.
type lines struct {
	say  func(line string) // nil drops everything
	line []byte            // the one that has begun
}

var _ io.Writer = (*lines)(nil)

// Write implements io.Writer. It never fails.
func (l *lines) Write(p []byte) (int, error) {
	if l.say == nil {
		return len(p), nil
	}
	for rest := p; len(rest) > 0; {
		text, after, whole := bytes.Cut(rest, []byte("\n"))
		l.line = append(l.line, text[:min(len(text), maxLine-len(l.line))]...)
		if rest = after; whole {
			l.end()
		}
	}
	return len(p), nil
}

func (l *lines) end() {
	if line := strings.TrimSpace(string(l.line)); line != "" {
		l.say(line)
	}
	l.line = l.line[:0]
}
