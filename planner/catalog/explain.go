package catalog

import (
	"fmt"
	"strings"

	"github.com/nsynapse/recipe/planner/pubgrub"
)

// story tells why some rules cannot all be kept. None of them can be left out, so neither can a sentence.
type story struct {
	*query
	rules     []*pubgrub.Rule                 // in the order in which they are told
	context   map[pubgrub.Package]pubgrub.Set // the versions that everything which demands a package lets it have
	sentences []string
}

// explain tells the story of rules: each thing that is asked for, followed by what that needs.
func (q *query) explain(rules []*pubgrub.Rule) string {
	s := story{query: q, rules: pubgrub.InOrder(rules), context: map[pubgrub.Package]pubgrub.Set{}}
	for _, rule := range s.rules {
		s.place(rule)
	}
	for _, rule := range s.rules {
		if sentence := s.sentence(rule); sentence != "" {
			s.sentences = append(s.sentences, sentence)
		}
	}
	s.shorten()
	s.conclude()
	return strings.Join(s.sentences, " ")
}

const maxSentences = 40

// shorten leaves out the middle of a story that nobody would read to the end.
func (s *story) shorten() {
	if n := len(s.sentences); n > maxSentences {
		left := fmt.Sprintf("… %d more such sentences are left out …", n-maxSentences)
		s.sentences = append(append(s.sentences[:maxSentences/2:maxSentences/2], left), s.sentences[n-maxSentences/2:]...)
	}
}

// place notes what a rule demands.
func (s *story) place(rule *pubgrub.Rule) {
	p, versions, ok := demanded(s.problem, rule)
	if !ok {
		return
	}
	if before, several := s.context[p]; several {
		versions = versions.Intersect(before)
	}
	s.context[p] = versions
}

func (s *story) sentence(rule *pubgrub.Rule) string {
	f := s.fact(rule)
	switch f.kind {
	case root:
		return fmt.Sprintf("You ask for %s%s%s.", what(f.need), place(f.need), s.lacking(rule, f.need))
	case dependency:
		return fmt.Sprintf("%s %s%s%s.", s.subject(f, "need"), what(f.need), place(f.need), s.lacking(rule, f.need))
	case requirement:
		return fmt.Sprintf("%s the service %s%s, which %s.", s.subject(f, "require"), what(f.need), place(f.need), s.providers(f.need))
	}
	return "" // said of the requirement
}

// what names a need with its constraint.
func what(n *Need) string {
	if text := n.Constraint.String(); text != "" && text != "*" {
		return n.Name + " " + text
	}
	return n.Name
}

// place tells where a need is written.
func place(n *Need) string {
	if n.At == nil {
		return ""
	}
	return fmt.Sprintf(" (%s:%d)", n.At.Filename, n.At.Start.Line)
}

// lacking tells why nothing meets a need for a package, if that is so.
func (s *story) lacking(rule *pubgrub.Rule, n *Need) string {
	if _, _, ok := demanded(s.problem, rule); ok {
		return ""
	}
	p, ok := s.problem.catalog.names[n.Name]
	if !ok || s.problem.Versions(p) == 0 {
		return ", and there is no such package"
	}
	known := &s.problem.catalog.packages[p]
	return fmt.Sprintf(", but there is only %s", known.list(known.all()))
}

// subject names the versions that a fact is about, those alone that matter if some do, with a verb.
func (s *story) subject(f fact, verb string) string {
	p := &s.problem.catalog.packages[f.owner]
	own, context := f.own, s.context[f.owner]
	if !own.Disjoint(context) {
		own = own.Intersect(context)
	}
	if len(p.releases) > 1 && own.Equal(p.all()) {
		return fmt.Sprintf("Every version of %s %ss", p.name, verb)
	}
	if own.Len() == 1 {
		verb += "s"
	}
	return fmt.Sprintf("%s %s %s", p.name, p.list(own), verb)
}

// providers tells who offers what a requirement asks for.
func (s *story) providers(n *Need) string {
	list := s.problem.candidates(n)
	if len(list) == 0 {
		return s.misfits(n)
	}
	names := make([]string, len(list))
	for i, c := range list {
		p := &s.problem.catalog.packages[c.pack]
		names[len(list)-1-i] = p.name + " " + p.list(c.fitting)
	}
	if len(names) > maxListed {
		return fmt.Sprintf("%s and %d others provide", strings.Join(names[:maxListed], ", "), len(names)-maxListed)
	}
	return join(names, "or") + " provides"
}

// misfits tells who offers the service in other versions.
func (s *story) misfits(n *Need) string {
	var names []string
	for _, provider := range s.problem.offers[n.Name] {
		last := provider.offers[len(provider.offers)-1]
		p := &s.problem.catalog.packages[provider.pack]
		names = append(names, fmt.Sprintf("%s %s provides %s", p.name, p.releases[last.version-1].Text, last.Version))
	}
	if len(names) == 0 {
		return "nothing provides"
	}
	return "nothing provides in such a version; " + join(names[:min(len(names), maxListed)], "and")
}

// conclude says what it comes to.
func (s *story) conclude() {
	if p, ok := pubgrub.Clash(s.problem, s.rules); ok && !s.problem.isChoice(p) {
		s.sentences = append(s.sentences, fmt.Sprintf("No version of %s fits all of that.", s.problem.catalog.packages[p].name))
	} else if len(s.sentences) > 1 {
		s.sentences = append(s.sentences, "So nothing fits together.")
	}
}

const maxListed = 5

// list names versions, neighbours as a range.
func (p *pack) list(versions pubgrub.Set) string {
	var parts []string
	for i := 0; i+1 < len(versions); i += 2 {
		first, last := p.releases[versions[i]-1].Text, p.releases[versions[i+1]-2].Text
		switch versions[i+1] - versions[i] {
		case 1:
			parts = append(parts, first)
		case 2:
			parts = append(parts, first, last)
		default:
			parts = append(parts, first+" to "+last)
		}
	}
	if len(parts) > maxListed {
		parts = append(parts[:maxListed-1], fmt.Sprintf("%d others", len(parts)-maxListed+1))
	}
	return join(parts, "and")
}

// join is a list in words.
func join(parts []string, last string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " " + last + " " + parts[len(parts)-1]
}
