package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/diag"
)

// mostNamed bounds the addresses that a message lists.
const mostNamed = 8

// unnamed refuses what the user names and nothing of the stack is called: a plan that did nothing about it would look as if all were well.
func (m *maker) unnamed() hcl.Diagnostics {
	var diags hcl.Diagnostics
	m.Targets, m.Replace = m.asKeys(m.Targets), m.asKeys(m.Replace)
	for _, t := range m.Targets {
		if m.within(t) == nil {
			diags = append(diags, m.nothing("target", t))
		}
	}
	if m.Graph == nil {
		return diags // what is removed is not replaced
	}
	for _, r := range m.Replace {
		switch within := m.within(r); {
		case within == nil:
			diags = append(diags, m.nothing("replace", r))
		case !slices.ContainsFunc(within, func(a addr.Instance) bool { return r == a || r == a.In(addr.SlotA) }):
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Not one resource",
				Detail: fmt.Sprintf("-replace takes the address of one resource, and %s has several: %s. It may be repeated.", r, listed(within))})
		}
	}
	return diags
}

// asKeys reads app.web[1] as the component that count made, where there is no such instance.
func (m *maker) asKeys(list []addr.Instance) []addr.Instance {
	list = slices.Clone(list) // nil stays nil
	for i, a := range list {
		if key, ok := a.AsKey(); ok && m.within(a) == nil && m.within(key) != nil {
			list[i] = key
		}
	}
	return list
}

// within lists the resources that a contains, wanted ones and recorded ones, without their slots.
func (m *maker) within(a addr.Instance) []addr.Instance {
	var list []addr.Instance
	add := func(other addr.Instance, typ string) {
		if typ != "" && (a.Contains(other) || a.Contains(other.In(addr.SlotA))) {
			list = append(list, other)
		}
	}
	if m.Graph != nil {
		for i := range m.Graph.Nodes {
			add(m.Graph.Nodes[i].Addr, m.Graph.Nodes[i].Type)
		}
	}
	for i := range m.seen {
		add(m.seen[i].object.Addr, m.seen[i].object.Type)
	}
	return list
}

// nothing is told of an address that contains nothing.
func (m *maker) nothing(flag string, a addr.Instance) *hcl.Diagnostic {
	names := map[string]bool{}
	if m.Graph != nil {
		for i := range m.Graph.Nodes {
			names[m.Graph.Nodes[i].Addr.Component.String()] = true
		}
	}
	for i := range m.seen {
		names[m.seen[i].object.Addr.Component.String()] = true
	}
	var known []string
	for name := range names {
		if strings.HasPrefix(name, "app.") || strings.HasPrefix(name, "middleware.") {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	detail := fmt.Sprintf("-%s names %s, and nothing of the stack is called so.", flag, a)
	if names[a.Component.String()] {
		detail += fmt.Sprintf(" %s has %s.", a.Component, listed(m.within(a.Component.Of(""))))
	} else {
		detail += diag.DidYouMean(a.Component.String(), known)
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Unknown address", Detail: detail}
}

// listed names some of the resources, each once.
func listed(resources []addr.Instance) string {
	var names []string
	for _, a := range resources {
		names = append(names, a.String())
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if more := len(names) - mostNamed; more > 0 {
		names = append(names[:mostNamed], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
