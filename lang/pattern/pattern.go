// Package pattern holds regular expressions that are compiled when they are first asked. Those of all packages together would be
// compiled at each start of each command, which asks few of them, and at each start of a router and a bus.
package pattern

import (
	"os"
	"regexp"
	"strings"
	"sync"
)

// Pattern is a regular expression. It is safe for concurrent use.
type Pattern struct {
	compiled func() *regexp.Regexp
}

// New is the pattern of an expression in the syntax of package regexp. A wrong one panics when it is first asked; in a test at once.
func New(expression string) *Pattern {
	p := &Pattern{compiled: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })}
	if inTest {
		p.compiled()
	}
	return p
}

// MatchString reports whether text holds a match.
func (p *Pattern) MatchString(text string) bool { return p.compiled().MatchString(text) }

// inTest is true in a program that go test built.
var inTest = len(os.Args) > 0 && strings.HasSuffix(strings.TrimSuffix(os.Args[0], ".exe"), ".test")
