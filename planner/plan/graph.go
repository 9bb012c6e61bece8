package plan

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/lang/addr"
)

// GraphFormat is a language that graphs are written in.
type GraphFormat string

const (
	Dot     GraphFormat = "dot"     // Graphviz
	Mermaid GraphFormat = "mermaid" // as Markdown viewers draw it
	JSON    GraphFormat = "json"    // {"format_version", "nodes": [...], "edges": [...]}
)

// ParseGraphFormat is the format with that name.
func ParseGraphFormat(name string) (GraphFormat, error) {
	for _, f := range []GraphFormat{Dot, Mermaid, JSON} {
		if string(f) == name {
			return f, nil
		}
	}
	return "", fmt.Errorf("a graph cannot be written as %q, only as dot, mermaid or json", name)
}

// GraphNode is a resource, or with Type "" a join.
type GraphNode struct {
	Addr  addr.Instance
	Type  string
	Needs []int32 // indexes of the nodes that come before
}

// GraphOptions say what of a graph is written. The zero value writes components as dot.
type GraphOptions struct {
	Format GraphFormat
	Full   bool // every node, not just components
}

// WriteGraph writes who needs whom. Equal nodes give equal bytes: nodes stay in their order, edges follow the node
// that needs. Between components an edge has the names of its bindings.
func WriteGraph(w io.Writer, nodes []GraphNode, options GraphOptions) error {
	g := fullGraph(nodes)
	if !options.Full {
		g = componentGraph(nodes)
	}
	switch options.Format {
	case Dot, "":
		return g.dot(w)
	case Mermaid:
		return g.mermaid(w)
	case JSON:
		return g.json(w)
	}
	_, err := ParseGraphFormat(string(options.Format))
	return err
}

// drawing is a graph as it is drawn.
type drawing struct {
	nodes []point
	edges []edge // by from, then by to
}

type point struct {
	ID   string `json:"id"`             // the address
	Kind string `json:"kind"`           // "app", "middleware" or "package"
	Type string `json:"type,omitempty"` // of a resource
	Join bool   `json:"join,omitempty"` // it only carries order
}

// edge says that from needs to.
type edge struct {
	from, to int    // indexes of points
	label    string // names of bindings
}

func fullGraph(nodes []GraphNode) *drawing {
	g := &drawing{nodes: make([]point, len(nodes))}
	for i := range nodes {
		n := &nodes[i]
		g.nodes[i] = point{ID: n.Addr.String(), Kind: n.Addr.Component.Kind.String(), Type: n.Type, Join: n.Type == ""}
		needs := slices.Clone(n.Needs)
		slices.Sort(needs)
		for _, need := range slices.Compact(needs) {
			g.edges = append(g.edges, edge{from: i, to: int(need)})
		}
	}
	return g
}

// componentGraph draws all parts of a component as one node.
func componentGraph(nodes []GraphNode) *drawing {
	g := &drawing{}
	ids := map[addr.Component]int{}
	for i := range nodes {
		c := nodes[i].Addr.Component
		if _, seen := ids[c]; !seen {
			ids[c] = len(g.nodes)
			g.nodes = append(g.nodes, point{ID: c.String(), Kind: c.Kind.String()})
		}
	}
	labels := map[[2]int][]string{}
	for i := range nodes {
		n := &nodes[i]
		for _, need := range n.Needs {
			pair := [2]int{ids[n.Addr.Component], ids[nodes[need].Addr.Component]}
			if pair[0] == pair[1] {
				continue
			}
			names := labels[pair]
			if name := bindingOf(n.Addr.Part); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
			labels[pair] = names
		}
	}
	for pair, names := range labels {
		slices.Sort(names)
		g.edges = append(g.edges, edge{from: pair[0], to: pair[1], label: strings.Join(names, ", ")})
	}
	slices.SortFunc(g.edges, func(a, b edge) int { return cmp.Or(a.from-b.from, a.to-b.to) })
	return g
}

// bindingOf is the name of the binding that a part belongs to, or "".
func bindingOf(part string) string {
	rest, ok := strings.CutPrefix(part, "bind.")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, ".")
	return name
}
