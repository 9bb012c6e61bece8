package plan

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// shapes tell kinds of components apart.
var shapes = map[string]string{"app": "box", "middleware": "cylinder", "package": "folder"}

func (g *drawing) dot(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("digraph stack {\n\trankdir = LR\n\tnode [fontname = \"sans-serif\"]\n\tedge [fontname = \"sans-serif\", fontsize = 10]\n")
	for _, n := range g.nodes {
		shape := shapes[n.Kind]
		switch {
		case n.Join:
			shape = "plaintext"
		case n.Type != "":
			shape = "box"
		}
		fmt.Fprintf(b, "\t%s [label = %s, shape = %s]\n", dotQuote(n.ID), dotQuote(n.label()), shape)
	}
	for _, e := range g.edges {
		fmt.Fprintf(b, "\t%s -> %s", dotQuote(g.nodes[e.from].ID), dotQuote(g.nodes[e.to].ID))
		if e.label != "" {
			fmt.Fprintf(b, " [label = %s]", dotQuote(e.label))
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n")
	return b.Flush()
}

// label is the address and, below it, the type.
func (n *point) label() string {
	if n.Type == "" {
		return n.ID
	}
	return n.ID + "\n" + n.Type
}

// dotQuote writes a string of the dot language. In a label a backslash begins an escape, so it is doubled.
func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

func (g *drawing) mermaid(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("flowchart LR\n")
	for i, n := range g.nodes {
		before, after := "[", "]"
		switch {
		case n.Join:
			before, after = "([", "])"
		case n.Type != "":
		case n.Kind == "middleware":
			before, after = "[(", ")]"
		case n.Kind == "package":
			before, after = "[[", "]]"
		}
		fmt.Fprintf(b, "    n%s%s%s%s\n", strconv.Itoa(i), before, mermaidQuote(n.label()), after)
	}
	for _, e := range g.edges {
		arrow := "-->"
		if e.label != "" {
			arrow = "-->|" + mermaidQuote(e.label) + "|"
		}
		fmt.Fprintf(b, "    n%d %s n%d\n", e.from, arrow, e.to)
	}
	return b.Flush()
}

// mermaidQuote writes a text of Mermaid, which knows entities but no backslashes.
func mermaidQuote(s string) string {
	return `"` + strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "\n", "<br/>").Replace(s) + `"`
}

// graphJSON is the form for programs; its edges name addresses.
type graphJSON struct {
	FormatVersion string     `json:"format_version"`
	Nodes         []point    `json:"nodes"`
	Edges         []edgeJSON `json:"edges"`
}

type edgeJSON struct {
	From    string `json:"from"` // needs
	To      string `json:"to"`
	Binding string `json:"binding,omitempty"`
}

// graphVersion is the version of a graph as JSON.
const graphVersion = "1.0"

func (g *drawing) json(w io.Writer) error {
	out := graphJSON{FormatVersion: graphVersion, Nodes: g.nodes, Edges: make([]edgeJSON, len(g.edges))}
	if out.Nodes == nil {
		out.Nodes = []point{} // an empty list, not null
	}
	for i, e := range g.edges {
		out.Edges[i] = edgeJSON{From: g.nodes[e.from].ID, To: g.nodes[e.to].ID, Binding: e.label}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}
