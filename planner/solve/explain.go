package solve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/planner/pubgrub"
)

// explaining bounds the work of making an explanation short; see pubgrub.Minimizer.
const explaining = 100_000

// explain tells why the rules of a core cannot all be kept, and what could be changed. It returns those of the demands that
// have a part in it.
func (m *model) explain(solver *pubgrub.Solver, demands, core []*pubgrub.Rule) (blamed map[*pubgrub.Rule]bool) {
	core = pubgrub.InOrder(pubgrub.NewMinimizer(&m.table).Minimize(core, explaining))
	blamed = map[*pubgrub.Rule]bool{}
	for _, rule := range core {
		if slices.Contains(demands, rule) {
			blamed[rule] = true
		}
	}
	told := m.tellAll(core)
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Nothing fits together", Subject: firstPlace(told)}
	if len(told) == 1 && told[0].summary != "" {
		d.Summary = told[0].summary
	}
	var sentences []string
	for _, f := range told {
		sentences = append(sentences, f.tell()+".")
	}
	if p, ok := pubgrub.Clash(&m.table, core); ok && m.nodes[p].name != "" {
		sentences = append(sentences, fmt.Sprintf("No version of %s fits all of that.", m.nodes[p].name))
	}
	d.Detail = strings.Join(append(sentences, m.wayOut(solver, demands, core)), " ")
	m.diags = append(m.diags, d)
	return blamed
}

// firstPlace is where the first fact is written that has a place.
func firstPlace(told []fact) *hcl.Range {
	for _, f := range told {
		if f.at != nil {
			return f.at
		}
	}
	return nil
}

// tellAll lists the facts of a core that have something to say.
func (m *model) tellAll(core []*pubgrub.Rule) []fact {
	var told []fact
	for i, rule := range core {
		f := m.facts[rule.ID]
		if f.passing && i+1 < len(core) && m.facts[core[i+1].ID].summary != "" {
			continue // the next one names the component and its package
		}
		if f.tell != nil {
			told = append(told, f)
		}
	}
	return told
}

// wayOut tells what could be changed: what is known to be enough, or else what may be.
func (m *model) wayOut(solver *pubgrub.Solver, demands, core []*pubgrub.Rule) string {
	var enough, other []string
	for _, rule := range core {
		f := m.facts[rule.ID]
		if version := m.without(solver, demands, rule); version != "" {
			enough = append(enough, fmt.Sprintf("without %s it would be %s", strings.TrimPrefix(f.change, "change "), version))
		} else if f.change != "" && !slices.Contains(other, f.change) {
			other = append(other, f.change)
		}
	}
	text := strings.Join(enough, "; ")
	switch {
	case text != "":
	case len(other) == 0:
		text = "take other packages"
	default:
		text = strings.Join(other[:min(len(other), 3)], ", or ")
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// without tells which version would be chosen if a rule were not there; "" if that is not enough.
func (m *model) without(solver *pubgrub.Solver, demands []*pubgrub.Rule, rule *pubgrub.Rule) string {
	loose := m.facts[rule.ID].loose
	if loose == nil {
		return ""
	}
	relaxed := slices.Clone(demands)
	relaxed[slices.Index(relaxed, rule)] = loose
	result := solver.Solve(relaxed)
	p, ok := loose.Demands()
	if !result.Solvable || !ok {
		return ""
	}
	at := slices.IndexFunc(result.Chosen, func(c pubgrub.Choice) bool { return c.Package == p })
	return m.version(result.Chosen[at])
}

// version names a choice.
func (m *model) version(c pubgrub.Choice) string {
	for _, o := range m.members {
		if o.shelf.node == c.Package {
			return fmt.Sprintf("%s %s", o.shelf.name, o.shelf.manifests[c.Version-1].Version)
		}
	}
	for _, d := range m.wanted.Uses {
		for _, part := range m.shelves[d.Package].parts() { // with one that is missing nothing is explained
			if part.node == c.Package {
				return fmt.Sprintf("%s %s", part.name, part.manifests[c.Version-1].Version)
			}
		}
	}
	return ""
}

// enumerate is a list of a few names.
func enumerate(names []string) string {
	if len(names) > 6 {
		names = append(names[:5:5], fmt.Sprintf("%d others", len(names)-5))
	}
	return strings.Join(names, ", ")
}
