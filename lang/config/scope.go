package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// scope is a tree of the names that an expression may use: its children are the roots, such as var, and theirs the
// names below. A node without children map is where checking ends: what follows is a value's own attributes.
type scope struct {
	what     string // what its children are, for "unknown …"
	advice   string // what to do when one is missing
	children map[string]*scope
}

// maxHints bounds the mistakes for which a near name is looked up: with thousands of names and of mistakes that would
// take minutes, and nobody reads so many.
const maxHints = 100

// leaf ends the check.
func leaf() *scope { return &scope{} }

// fixed is a node whose names are always the same.
func fixed(what string, names ...string) *scope {
	return &scope{what: what, children: leaves(names)}
}

func leaves(names []string) map[string]*scope {
	children := make(map[string]*scope, len(names))
	for _, n := range names {
		children[n] = leaf()
	}
	return children
}

// declared is a node whose names are the keys of what was declared.
func declared[V any](what, advice string, all map[string]V) *scope {
	return &scope{what: what, advice: advice, children: leaves(slices.Collect(maps.Keys(all)))}
}

// with returns the scope with more roots; the roots themselves are shared.
func (s *scope) with(roots map[string]*scope) *scope {
	children := maps.Clone(s.children)
	maps.Copy(children, roots)
	return &scope{what: s.what, advice: s.advice, children: children}
}

// without returns the scope without some of its roots.
func (s *scope) without(roots ...string) *scope {
	children := maps.Clone(s.children)
	for _, name := range roots {
		delete(children, name)
	}
	return &scope{what: s.what, children: children}
}

// names lists the children in the order of the alphabet.
func (s *scope) names() []string { return slices.Sorted(maps.Keys(s.children)) }

// check reports the names that expr uses and s does not have. A nil expression is fine.
func (l *loader) check(expr hcl.Expression, s *scope) {
	if expr == nil {
		return
	}
	for _, t := range expr.Variables() {
		l.checkTraversal(t, s)
	}
}

func (l *loader) checkTraversal(t hcl.Traversal, s *scope) {
	for i, step := range t {
		if s.children == nil {
			return
		}
		name, ok := stepName(step)
		if !ok {
			l.fault(step.SourceRange().Ptr(), "Name needed", "%s must be followed by the name of a %s, written out.", dotted(t[:i]), s.what)
			return
		}
		next := s.children[name]
		if next == nil {
			l.unknown(t, i, name, s)
			return
		}
		s = next
	}
	if s.children != nil {
		l.fault(t.SourceRange().Ptr(), "Name needed", "%s must be followed by the name of a %s, written out: %s.", dotted(t), s.what, example(t, s))
	}
}

// unknown reports that the step i of t is no name of s.
func (l *loader) unknown(t hcl.Traversal, i int, name string, s *scope) {
	rng := hcl.RangeBetween(t[0].SourceRange(), t[i].SourceRange())
	hint := ""
	if len(l.diags) < maxHints {
		hint = didYouMean(name, s.names())
	}
	if i > 0 {
		detail := s.advice
		if hint == "" && detail == "" {
			detail = "Known are: " + strings.Join(s.names(), ", ") + "."
		}
		l.fault(&rng, "Unknown "+s.what, "There is no %s. %s%s", dotted(t[:i+1]), detail, hint)
		return
	}
	if len(t) == 1 && hint == "" && s.advice == "" {
		l.fault(&rng, "Unknown name", "There is no %s here. Text must stand in quotes: %q.", name, name)
		return
	}
	advice := s.advice
	if advice == "" {
		advice = "Expressions here may begin with " + strings.Join(s.names(), ", ") + "."
	}
	l.fault(&rng, "Unknown name", "There is no %s here. %s%s", name, advice, hint)
}

// example names the first of the children, so that the message shows the form.
func example(t hcl.Traversal, s *scope) string {
	name := "NAME"
	if names := s.names(); len(names) > 0 {
		name = names[0]
	}
	return dotted(t) + "." + name
}

func stepName(step hcl.Traverser) (string, bool) {
	switch s := step.(type) {
	case hcl.TraverseRoot:
		return s.Name, true
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		return keyText(s.Key)
	}
	return "", false
}

// dotted is a traversal as it is written.
func dotted(t hcl.Traversal) string {
	var b strings.Builder
	for _, step := range t {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			b.WriteString(s.Name)
		case hcl.TraverseAttr:
			b.WriteString("." + s.Name)
		case hcl.TraverseIndex:
			b.WriteString("[" + indexText(s.Key) + "]")
		default:
			b.WriteString("[…]")
		}
	}
	return b.String()
}
